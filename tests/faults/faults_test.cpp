// Nothing acknowledged is ever lost or counted twice: power cuts, kill -9, a full disk.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/definition/error.hpp"
#include "engine/record/compaction.hpp"
#include "engine/record/privacy.hpp"
#include "engine/record/temporary_store.hpp"
#include "engine/record/writer_state.hpp"
#include "faults/power_cut_vfs.hpp"
#include "faults/stored_ids.hpp"

using namespace liftmark;

namespace {

Event view(const std::string& id, const std::string& unit, Micros at) {
  Event event;
  event.id = id;
  event.unit = unit;
  event.type = "view";
  event.at = at;
  return event;
}

/// Records until the power fails; gives the acknowledged ids that are missing afterwards.
std::size_t lost_after_power_cut(unsigned seed, bool synchronous) {
  std::mt19937 random(seed);
  TemporaryStore file;
  std::set<std::string> acknowledged;
  const Micros now = now_micros();
  faults::install_power_cut_vfs();
  {
    auto store = std::make_unique<Store>(Store::create(file.path()));
    if (!synchronous) store->state().database.execute("PRAGMA synchronous=OFF");
    faults::cut_power_after(200 + static_cast<int>(random() % 400));
    auto recorder = std::make_unique<Recorder>(*store);
    try {
      for (int i = 0; i < 2000 && !faults::power_is_off(); ++i) {
        Batch batch;
        std::vector<std::string> ids;
        for (unsigned k = 0; k < 1 + random() % 20; ++k) ids.push_back(fmt::format("e{}.{}", i, k));
        for (const auto& id : ids)
          batch.add(view(id, fmt::format("u{}", random() % 50),
                         now - static_cast<Micros>(random() % 5) * kMicrosPerDay));
        recorder->record(batch);
        acknowledged.insert(ids.begin(), ids.end());
        if (i % 60 == 59) compact(*recorder);
      }
    } catch (const Error&) {
    }
    recorder.reset();
    store.reset();
  }
  faults::remove_power_cut_vfs();
  const bool was_cut = faults::power_is_off();
  faults::restore_power();
  REQUIRE(was_cut);
  REQUIRE_FALSE(acknowledged.empty());
  std::filesystem::remove(file.path().string() + "-shm");
  std::map<std::string, int> kept;
  try {
    Store again = Store::open(file.path());
    kept = faults::stored_ids(file.path());
  } catch (const Error&) {
    // Without syncs not even the tables may be there.
  }
  std::size_t lost = 0;
  for (const auto& id : acknowledged) lost += !kept.contains(id);
  for (const auto& [id, count] : kept)
    if (count != 1) FAIL("recorded twice: " << id);
  return lost;
}

/// One round of kill -9: the child records and does `also` over and over, the parent ends it at a random
/// moment.
void kill_round(const TemporaryStore& file, unsigned seed, const std::function<void(Recorder&)>& also) {
  const auto log = file.folder() / "acknowledged";
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      Store store = Store::open(file.path());
      Recorder recorder(store);
      const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      std::vector<std::thread> producers;
      for (int p = 0; p < 3; ++p)
        producers.emplace_back([&, p] {
          std::mt19937 random(seed * 10 + static_cast<unsigned>(p));
          for (int i = 0;; ++i) {
            Batch batch;
            std::string lines;
            for (int k = 0; k < 40; ++k) {
              const std::string id = fmt::format("{}.{}.{}.{}", seed, p, i, k);
              batch.add(view(id, fmt::format("u{}", random() % 200),
                             now_micros() - static_cast<Micros>(random() % 6) * kMicrosPerDay));
              lines += id + "\n";
            }
            recorder.record(batch);
            recorder.record(batch);  // a client that retries
            if (::write(out, lines.data(), lines.size()) < 0) ::_exit(1);
          }
        });
      for (;;) also(recorder);
    } catch (...) {
      ::_exit(2);
    }
  }
  std::mt19937 random(seed);
  std::this_thread::sleep_for(std::chrono::milliseconds(30 + random() % 120));
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
}

void kill_loop(const std::function<void(Recorder&)>& also) {
  TemporaryStore file;
  { Store::create(file.path()); }
  for (int round = 0; round < faults::rounds(); ++round)
    kill_round(file, static_cast<unsigned>(round) + 1, also);
  Store store = Store::open(file.path());
  {
    Statement check(store.state().database, "PRAGMA integrity_check");
    REQUIRE(check.step());
    CHECK(check.text(0) == "ok");
  }
  Recorder recorder(store);
  compact(recorder);
  const auto kept = faults::stored_ids(file.path());
  std::ifstream log(file.folder() / "acknowledged");
  std::size_t acknowledged = 0;
  for (std::string id; std::getline(log, id); ++acknowledged)
    if (!kept.contains(id)) FAIL("lost: " << id);
  CHECK(acknowledged > 0);
  for (const auto& [id, count] : kept)
    if (count != 1) FAIL("recorded twice: " << id);
}

}  // namespace

TEST_CASE("a power cut loses nothing acknowledged, and the same test without syncs does") {
  for (int round = 0; round < faults::rounds(); ++round)
    CHECK(lost_after_power_cut(static_cast<unsigned>(round), true) == 0);
  std::size_t lost = 0;
  for (int round = 0; round < 5; ++round) lost += lost_after_power_cut(static_cast<unsigned>(round), false);
  CHECK(lost > 0);
}

TEST_CASE("kill -9 while recording") {
  kill_loop([](Recorder&) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); });
}

TEST_CASE("kill -9 while compacting") {
  kill_loop([](Recorder& recorder) { compact(recorder); });
}

TEST_CASE("kill -9 while erasing") {
  int next = 0;
  kill_loop([&](Recorder& recorder) {
    Batch batch;
    const std::string unit = fmt::format("gone {}", next++);
    batch.add(view(fmt::format("gone.{}.{}", ::getpid(), next), unit, now_micros()));
    recorder.record(batch);
    erase(recorder, unit);
  });
}

TEST_CASE("kill -9 while purging") {
  kill_loop([](Recorder& recorder) {
    Batch batch;
    Event old = view(fmt::format("old.{}", now_micros()), "u1", now_micros() - 3 * kMicrosPerDay);
    old.type = "scroll";
    set_retention(recorder, "scroll", 0);
    batch.add(old);
    recorder.record(batch);
    set_retention(recorder, "scroll", 2);
    purge(recorder);
  });
}

TEST_CASE("a full disk is said clearly, loses nothing acknowledged, and recording resumes") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  auto& database = store.state().database;
  database.execute(
      fmt::format("PRAGMA max_page_count={}", database.integer("PRAGMA page_count") + 20).c_str());
  Recorder recorder(store);
  const Micros now = now_micros();
  std::set<std::string> acknowledged;
  std::string message;
  const auto send = [&](int i) {
    Batch batch;
    std::vector<std::string> ids;
    for (int k = 0; k < 500; ++k) ids.push_back(fmt::format("e{}.{}", i, k));
    for (const auto& id : ids) batch.add(view(id, "u", now));
    recorder.record(batch);
    acknowledged.insert(ids.begin(), ids.end());
  };
  int i = 0;
  try {
    for (; i < 1000; ++i) send(i);
  } catch (const Error& error) {
    message = error.what();
  }
  CHECK(message.find("disk is full") != std::string::npos);
  recorder.exclusive([](Store& open) { open.state().database.execute("PRAGMA max_page_count=1000000"); });
  for (int k = 0; k < 10; ++k) send(i + k);
  const auto kept = faults::stored_ids(file.path());
  CHECK(kept.size() == acknowledged.size());
  for (const auto& id : acknowledged)
    if (!kept.contains(id)) FAIL("lost: " << id);
}

TEST_CASE("a disk that fills up during compaction loses nothing, and compaction resumes") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  std::set<std::string> acknowledged;
  for (int i = 0; i < 40; ++i) {
    Batch batch;
    std::vector<std::string> ids;
    for (int k = 0; k < 500; ++k) ids.push_back(fmt::format("e{}.{}", i, k));
    for (int k = 0; k < 500; ++k)
      batch.add(view(ids[static_cast<std::size_t>(k)], fmt::format("u{}", (i * 500 + k) * 7919 % 3000),
                     now - (2 + k % 3) * kMicrosPerDay));
    recorder.record(batch);
    acknowledged.insert(ids.begin(), ids.end());
  }
  const auto room = [&](std::int64_t pages) {
    recorder.exclusive([&](Store& open) {
      Database& database = open.state().database;
      database.execute(
          fmt::format("PRAGMA max_page_count={}", database.integer("PRAGMA page_count") + pages).c_str());
    });
  };
  int full = 0;
  for (const std::int64_t pages : {0, 1, 4, 16, 64}) {
    room(pages);
    try {
      compact(recorder);
    } catch (const Error& error) {
      ++full;
      CHECK_THAT(error.what(), Catch::Contains("disk is full"));
    }
    const auto kept = faults::stored_ids(file.path());
    CHECK(kept.size() == acknowledged.size());
    for (const auto& [id, count] : kept)
      if (count != 1 || !acknowledged.contains(id)) FAIL("wrong after a full disk: " << id);
  }
  CHECK(full > 0);
  room(1'000'000);
  CHECK(compact(recorder).left_open == 0);
  CHECK(faults::stored_ids(file.path()).size() == acknowledged.size());
}

TEST_CASE("a store that becomes read-only says so, loses nothing, and recording resumes") {
  TemporaryStore file;
  Store store = Store::create(file.path());
  Recorder recorder(store);
  const Micros now = now_micros();
  const auto send = [&](const std::string& id) {
    Batch batch;
    batch.add(view(id, "u", now));
    return recorder.record(batch);
  };
  send("first");
  recorder.exclusive([](Store& open) { open.state().database.execute("PRAGMA query_only=ON"); });
  CHECK_THROWS_WITH(send("second"), Catch::Contains("read-only"));
  CHECK_THROWS_WITH(compact(recorder), Catch::Contains("read-only"));
  recorder.exclusive([](Store& open) { open.state().database.execute("PRAGMA query_only=OFF"); });
  CHECK(send("second").accepted == 1);
  CHECK(send("first").duplicate == 1);
  CHECK(faults::stored_ids(file.path()).size() == 2);
}

/// What opening the store for writing says to somebody who may only read it. Root may write anything, so a
/// child that is nobody asks for it.
std::string said_to_a_reader(const std::filesystem::path& path) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr ::uid_t kNobody = 65534;
    std::string said = "nothing";
    if (::geteuid() == 0 && (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(1);
    try {
      Store::open(path);
    } catch (const Error& error) {
      said = error.what();
    }
    ::_exit(::write(ends[1], said.data(), said.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  std::string said(4096, ' ');
  said.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(ends[0], said.data(), said.size()))));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(status == 0);
  return said;
}

TEST_CASE("a read-only store is said clearly, whoever runs the test") {
  TemporaryStore file;
  { Store::create(file.path()); }
  using std::filesystem::perms;
  std::filesystem::permissions(file.path(), perms::owner_read | perms::group_read | perms::others_read);
  std::filesystem::permissions(file.folder(), perms::owner_all | perms::others_read | perms::others_exec);
  CHECK_THAT(said_to_a_reader(file.path()), Catch::Contains("the store is read-only"));
}
