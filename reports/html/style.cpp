#include "reports/html/style.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace liftmark::reports::html {

// Hues: blue is better, orange is worse, for every metric; arms are greys. Contrast of text is at least 4.5,
// of marks 3, in both schemes.
constexpr Markup kStyleText(
    R"css(:root{color-scheme:light dark;--bg:#fff;--ink:#16191d;--soft:#5a626c;--hair:#dfe3e8;--wash:#f5f6f8;--good:#0065a8;--good-t:#00588f;--good-w:#e4f0f9;--bad:#c8500a;--bad-t:#a23c00;--bad-w:#fcebe0;--flat:#78818c;--flat-w:#eceef1;--c:#8a929c;--t:#3a4149;--u:#5f4b8b}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--ink:#eceff2;--soft:#a5aeb8;--hair:#2e343b;--wash:#1c2025;--good:#5bb3ee;--good-t:#7cc4f5;--good-w:#14304a;--bad:#f08a45;--bad-t:#f7a269;--bad-w:#402412;--flat:#8f99a4;--flat-w:#282d33;--c:#7d8792;--t:#d5dae0;--u:#b7a4e0}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 Inter,system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:break-word}
h1,h2,h3,p,li,dd,dt,figcaption,tbody th,thead th:not(.n),td.l,small,code{overflow-wrap:anywhere}
@media print,(min-width:700px){tbody th,td.l{min-width:13ch}}
.top,main{max-width:1080px;margin:0 auto;padding:0 32px}
.top{display:flex;gap:48px;justify-content:space-between;align-items:flex-end;padding-top:44px;padding-bottom:24px}
h1{font-size:34px;line-height:1.15;letter-spacing:-.02em;margin:2px 0 8px;font-weight:680}
h2{font-size:21px;letter-spacing:-.01em;margin:0 0 6px;font-weight:650}
h3{font-size:15px;margin:18px 0 4px;font-weight:650}.two h3,h2+h3{margin-top:0}
.crumb,.eyebrow{margin:0;color:var(--soft);font-size:13px}
.hyp{margin:0;color:var(--soft);max-width:56ch}
.top dl{margin:0;display:grid;grid-template-columns:auto auto;gap:2px 14px;font-size:13px;flex:none;max-width:44%}
.top dl div{display:contents}dt{color:var(--soft)}dd{margin:0}
code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
section{margin:0 0 52px}
.verdict{display:grid;grid-template-columns:1.25fr 1fr;gap:44px;padding:30px 34px;border-radius:14px;background:var(--wash);border-left:6px solid var(--flat);margin-bottom:20px}
.verdict.good{background:var(--good-w);border-color:var(--good)}.verdict.bad{background:var(--bad-w);border-color:var(--bad-t)}
.verdict.alone{grid-template-columns:1fr}
.verdict h2{font-size:30px;letter-spacing:-.02em;line-height:1.15;margin:10px 0}
.why{margin:0;font-size:16.5px;max-width:56ch}
.eyebrow{color:var(--ink)}
.tag{display:inline-block;background:var(--t);color:var(--bg);font-weight:650;padding:1px 10px;border-radius:99px;margin-right:6px}.list .tag{white-space:nowrap}
.good .tag,.tag.good{background:var(--good-t)}.bad .tag,.tag.bad{background:var(--bad-t)}.others .tag.flat{background:var(--t)}
.others{list-style:none;margin:14px 0 0;padding:0;font-size:14px}.others li{margin:4px 0}
figure{margin:0}
.key figcaption{font-size:13px}
.big{font-size:52px;line-height:1.05;letter-spacing:-.03em;font-weight:680;margin:2px 0 0}
.big.good{color:var(--good-t)}.big.bad{color:var(--bad-t)}.big.withheld{color:var(--soft)}.big s{text-decoration-thickness:2px}
.rng,.sub{margin:0;font-size:13.5px}.rng{margin-bottom:8px}.sub{margin-top:2px}
.look{padding:0 34px;margin-bottom:48px}.look h2{font-size:15px;margin:0 0 4px}.look ul{margin:0;padding-left:18px}.look li{margin:3px 0}
.checks{list-style:none;margin:12px 0 0;padding:0;display:grid;grid-template-columns:repeat(3,1fr);gap:0 32px}
.checks li{display:flex;gap:12px;padding:12px 0;border-top:1px solid var(--hair);min-width:0}
.checks b{font-weight:600}
.ic{flex:none;width:22px;height:22px;border-radius:50%;font-size:13px;font-weight:700;display:grid;place-items:center;background:var(--flat-w);color:var(--ink)}
.passed .ic{background:var(--good-w);color:var(--good-t)}.watched .ic{background:var(--bad-w);color:var(--bad-t)}
.failed .ic{background:var(--bad-t);color:var(--bg)}.failed b,.watched b{color:var(--bad-t)}
.lede{margin:0 0 14px;color:var(--soft);max-width:84ch}
.foot{color:var(--soft);margin:10px 0 0;font-size:14px}
.scroll{overflow-x:auto;position:relative}
a{color:var(--good-t)}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:3px solid var(--good);outline-offset:3px;border-radius:4px}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:5px 12px 5px 0;vertical-align:middle;font-weight:400}
thead th{font-size:12.5px;color:var(--soft);padding-bottom:4px;vertical-align:bottom;border-bottom:1px solid var(--hair)}
tbody tr{height:52px}tbody tr+tr th,tbody tr+tr td{border-top:1px solid var(--hair)}
tbody th{font-weight:560}
small{display:block;font-size:12.5px;color:var(--soft);font-weight:400;line-height:1.35}
.n{text-align:right;white-space:nowrap}
th.plot,td.plot{padding:0 18px 0 22px}.n .m{white-space:normal}
.score .plot{width:34%}.score .v{width:150px}
.seg .plot{width:44%}.six .plot{width:34%}.fun .plot{width:26%}.fun .share{width:22%;padding-right:18px}
.grp th{padding:22px 0 4px;font-weight:650;font-size:14px;border-top:0!important}.grp{height:auto!important}
.grp th span{font-weight:400;color:var(--soft);margin-left:10px;font-size:13px}
.grp+tr th,.grp+tr td{border-top:1px solid var(--ink)!important}
.name{height:auto!important}.name th{padding:10px 0 0}.name+tr th,.name+tr td{border-top:0!important}
.arm th{font-weight:400;padding-left:14px}.arm{height:44px!important}
.decision th{font-size:16px;font-weight:650}.decision small{font-size:12.5px}
.chip{display:inline-block;padding:2px 10px;border-radius:99px;font-size:13px;font-weight:560;white-space:nowrap;background:var(--flat-w);color:var(--ink)}
.chip.good{background:var(--good-w);color:var(--good-t)}.chip.held{background:none;box-shadow:inset 0 0 0 1px var(--flat)}.chip.bad{background:var(--bad-w);color:var(--bad-t)}
.seg tbody th{min-width:100px}.seg th.dim{font-weight:650;vertical-align:top;padding-top:10px}tbody+tbody tr:first-child th,tbody+tbody tr:first-child td{border-top:1px solid var(--hair)}
.seg tbody tr{height:46px}.fun tbody tr{height:46px}
.list .plot{width:24%}.list td{font-size:13.5px}.list tbody tr{height:60px}.plain{width:auto;font-size:13px}.plain tbody tr{height:26px}.plain th,.plain td{padding-right:24px;text-align:right}.plain .l{text-align:left}
.full{width:100%}
svg{display:block;width:100%;overflow:visible}
.defs{position:absolute;width:0;height:0}
.r{height:36px}.ax{height:22px}
.wide{height:auto}.cut{overflow:hidden}
text{font:12px Inter,system-ui,sans-serif;fill:var(--ink)}
.tk{fill:var(--soft);font-size:11.5px}.an{fill:var(--ink);font-size:12.5px}.lab{font-weight:680;font-size:14px}
.grid{stroke:var(--hair);stroke-width:1}.zero{stroke:var(--ink);stroke-width:1.25;opacity:.75}.tick{stroke:var(--hair)}
.margin{stroke:var(--bad-t);stroke-width:1.75;stroke-dasharray:2 3}.evt{stroke:var(--ink);stroke-width:1}
.iv{fill-opacity:.3;stroke-width:1;stroke-opacity:.85;fill:var(--flat);stroke:var(--flat)}.iv.good{fill:var(--good);stroke:var(--good)}.iv.bad{fill:var(--bad);stroke:var(--bad)}.iv.held,.iv.ink{fill:var(--ink);fill-opacity:.16}
.clip{fill:var(--flat)}.clip.good{fill:var(--good)}.clip.bad{fill:var(--bad)}.ref{stroke:var(--good);stroke-width:1.5;stroke-dasharray:5 3;opacity:.7}
.pt{fill:var(--bg);stroke:var(--flat);stroke-width:2.5}.pt.good{fill:var(--good);stroke:var(--bg);stroke-width:1.5}.pt.bad{fill:var(--bad);stroke:var(--bg);stroke-width:1.5}.pt.held,.pt.ink{fill:var(--ink);stroke:var(--bg);stroke-width:1.5}
.band{fill:var(--flat);opacity:.2}.band.good{fill:var(--good)}.band.bad{fill:var(--bad)}.band.c{fill:var(--c)}.band.t{fill:var(--t)}.band.u{fill:var(--u)}
.ln{fill:none;stroke:var(--flat);stroke-width:2.25;stroke-linejoin:round}.ln.good{stroke:var(--good)}.ln.bad{stroke:var(--bad)}.ln.ink{stroke:var(--ink)}.ln.c{stroke:var(--c)}.ln.t{stroke:var(--t)}.ln.u{stroke:var(--u)}
.bar{fill:var(--t)}.bar.c{fill:var(--c)}.bar.u{fill:var(--u)}
.split{margin:2px 0 14px;height:44px}
.legend{margin:6px 0 0;font-size:13.5px}.sw{display:inline-block;width:11px;height:11px;border-radius:3px;margin:0 4px 0 14px;background:var(--t)}.sw:first-child{margin-left:0}.sw.c{background:var(--c)}.sw.u{background:var(--u)}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:32px 48px}.two .minor{display:none}.two+h3,.two+.foot,details+.two,details+h3{margin-top:26px}
details{margin-top:8px;font-size:14px}summary{cursor:pointer;color:var(--good-t);width:max-content;max-width:100%}
.method{border-top:1px solid var(--hair);padding-top:28px;font-size:13.5px}
.prov{margin:8px 0 0}.prov div{display:grid;grid-template-columns:150px 1fr;padding:5px 0}
.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.mob{display:none}.skip{position:absolute;left:-9999px}.skip:focus{left:16px;top:12px;background:var(--bg);padding:6px 12px}
.rows td,.rows th{padding-top:6px;padding-bottom:6px}
@media screen and (max-width:760px){.top,main{padding-left:18px;padding-right:18px}.top{display:block;padding-top:28px}.top dl{margin-top:16px;max-width:none;justify-content:start}.verdict,.two{grid-template-columns:minmax(0,1fr);gap:24px}.verdict{padding:22px}.look{padding:0 4px}.checks{grid-template-columns:1fr}.big{font-size:42px}h1{font-size:28px}
.score thead{display:block}.score thead tr{display:block}.score thead th{display:none}.score thead th.plot{display:block;padding:0;border:0;width:auto}.score tbody,.score{display:block}
.score tbody tr:not(.grp){display:grid;grid-template-columns:minmax(0,1fr) auto;height:auto!important;padding:10px 0;border-top:1px solid var(--hair);gap:2px 12px}.score .grp{display:block}.score .name+tr{border-top:0!important}
.score tbody td,.score tbody th{border:0!important;padding:0}.score td.n:not(.lift){display:none}.score td.plot,.score td.v{grid-column:1/-1;width:auto}.score .grp th{display:block;padding-top:18px}.score .grp+tr{border-color:var(--ink)!important}.mob{display:block;font-size:12.5px;color:var(--soft)}
.seg{min-width:520px}.seg th.plot{min-width:190px}.fun,.list{min-width:760px}.two .seg{min-width:480px}.minor{display:none}.wide{min-width:600px}.small .wide{min-width:420px}.prov div{grid-template-columns:1fr}}
@media print{@page{size:A4;margin:12mm}:root{color-scheme:light}body{font-size:11px}.top,main{padding-left:0;padding-right:0;max-width:none}.top{padding-top:0;padding-bottom:14px}h1{font-size:26px}h2{font-size:16px}.verdict{padding:18px 22px;gap:24px;margin-bottom:12px}.verdict h2{font-size:22px}.why{font-size:13px}.big{font-size:38px}small,.tk,.top dl,.rng,.sub,.eyebrow,.chip,.others{font-size:10px}.tk{font-size:9.5px}tbody tr,.seg tbody tr,.fun tbody tr{height:36px}.arm{height:32px!important}.look{margin-bottom:20px;padding:0 22px}.score .v{width:112px}tr,figure,.verdict,.checks,.prov div,.split,.keep{break-inside:avoid}h2,h3,.lede,.grp,.name,.legend,thead{break-after:avoid}.scroll{overflow:visible}.skip,details{display:none}.verdict,.chip,.ic,.tag,.sw,svg *{print-color-adjust:exact;-webkit-print-color-adjust:exact}section{margin-bottom:22px}.two{gap:18px 28px}.score .plot{width:25%}.score tbody th[scope=row]{width:27%}.seg th.plot,.seg td.plot{padding:0 6px}.minor{display:none}th,td{padding-right:8px}thead th,.grp th span,.legend,.foot,.key figcaption,.crumb{font-size:10px}.grp th{font-size:12px;padding-top:12px}.decision th{font-size:13px}.decision small{font-size:10px}h3,.look h2{font-size:12.5px}.method{font-size:10.5px;padding-top:14px}.plain{font-size:10px}.plain tbody tr{height:20px}a{color:inherit;text-decoration:none}}
)css");
constinit const Markup kStyle = kStyleText;

std::string content_security_policy() {
  static const std::string policy = [] {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const std::string_view style = kStyle.text();
    if (EVP_Digest(style.data(), style.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
      throw std::logic_error("SHA-256 is not available");
    std::array<unsigned char, 2 * EVP_MAX_MD_SIZE> encoded{};
    const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
    return "default-src 'none'; style-src 'sha256-" + std::string(encoded.begin(), encoded.begin() + length) +
           "'; img-src data:; base-uri 'none'; form-action 'none'";
  }();
  return policy;
}

}  // namespace liftmark::reports::html
