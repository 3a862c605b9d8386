#include "engine/record/audit.hpp"

#include "engine/record/writer_state.hpp"

namespace liftmark {

void write_audit(Recorder& recorder, std::string_view act, std::string_view detail) {
  recorder.exclusive([&](Store& store) {
    Store::State& state = store.state();
    Transaction transaction(state.database);
    const Micros stamp = state.next_stamp();
    state.audit(stamp, act, detail);
    state.write_stamp(stamp);
    transaction.commit();
    state.last_commit = stamp;
  });
}

std::vector<AuditEntry> read_audit(const std::filesystem::path& store, std::size_t most) {
  Database database(store, Database::Mode::read);
  Statement rows(database, "SELECT recorded_at, act, detail FROM audit ORDER BY seq DESC LIMIT ?1");
  rows.bind(1, static_cast<std::int64_t>(most));
  std::vector<AuditEntry> entries;
  while (rows.step())
    entries.push_back({rows.integer(0), std::string(rows.text(1)), std::string(rows.text(2))});
  return entries;
}

}  // namespace liftmark
