// What happens to a run's world: what its SDKs, owners, disk, clock and cloud do.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "run.h"

namespace sluice::simulation {
namespace {

constexpr std::int64_t kSdkRetryUs = 1'000'000;
// The weather's names, in one place for drawing and telling.
struct Named {
  const char* name;
  bool Weather::*flag;
};
constexpr Named kNames[] = {{"crashes", &Weather::crashes},
                            {"disk_errors", &Weather::disk_errors},
                            {"full_disk", &Weather::full_disk},
                            {"slow_disk", &Weather::slow_disk},
                            {"rot", &Weather::rot},
                            {"throttling", &Weather::throttling},
                            {"failures", &Weather::failures},
                            {"lost_answers", &Weather::lost_answers},
                            {"outages", &Weather::outages},
                            {"resharding", &Weather::resharding},
                            {"expiring", &Weather::expiring},
                            {"clock_jumps", &Weather::clock_jumps},
                            {"lost_client_answers", &Weather::lost_client_answers},
                            {"restarts", &Weather::restarts},
                            {"catalog_changes", &Weather::catalog_changes},
                            {"on_and_off", &Weather::on_and_off},
                            {"replays", &Weather::replays},
                            {"poison", &Weather::poison},
                            {"one_slow", &Weather::one_slow},
                            {"read_errors", &Weather::read_errors}};

}  // namespace

Weather Weather::draw(Random& random, Random& read_random) {
  Weather weather{};
  const std::uint64_t of_ten = random.below(6);
  for (const Named& each : kNames)
    if (each.flag != &Weather::read_errors) weather.*each.flag = random.below(10) < of_ten;
  weather.read_errors = read_random.below(10) < 4;
  if (weather.rot) weather.crashes = true;
  return weather;
}

Weather Weather::at_home() const {
  Weather weather{};
  for (bool Weather::*flag : {&Weather::crashes, &Weather::disk_errors, &Weather::full_disk, &Weather::slow_disk,
                              &Weather::lost_client_answers, &Weather::restarts, &Weather::read_errors})
    weather.*flag = this->*flag;
  return weather;
}

std::string Weather::text() const {
  std::string text;
  for (const Named& each : kNames)
    if (this->*each.flag) text += std::string(text.empty() ? "" : " ") + each.name;
  return text.empty() ? "fair" : text;
}

void Run::act() {
  if (heal_disk_at_us_ > 0 && clock_.steady_us() >= heal_disk_at_us_) {
    heal_disk_at_us_ = 0;
    disk_->set_capacity(1ull << 40);
    tell("the disk has room again");
  }
  trouble_reads();
  trouble_database();
  if (weather_.catalog_changes && key_random_.below(25) == 0) reset_key();
  look();
  if (packs_) trouble_packing();
  for (std::uint64_t count = random_.below(4); count > 0; --count) {
    ledger_.payloads.push_back(sdk_.make(random_.below(environments_), clock_.wall_ms()));
    send(ledger_.payloads.size() - 1);
  }
  switch (random_.below(6)) {
    case 0:
      return trouble_disk();
    case 1:
    case 2:
      return trouble_cloud();
    case 3:
      if (process_) change_catalog();
      return;
    case 4:
      if (weather_.clock_jumps && random_.below(4) == 0) {
        clock_jumped_ = true;
        const std::int64_t jump_ms = static_cast<std::int64_t>(random_.below(200'000)) - 100'000;
        clock_.set_wall_ms(clock_.wall_ms() + jump_ms);
        tell(fmt::format("the clock jumps by {} ms", jump_ms));
      }
      return;
    default:
      if (weather_.restarts && process_ && random_.below(10) == 0) {
        tell("restarts in order");
        ++happened_.restarts;
        process_->stop(static_cast<std::int64_t>(random_.below(3'000)));
        count_usage();
        end_life();
        const std::set<std::size_t> cut_off = std::exchange(in_flight_, {});
        for (const std::size_t payload : cut_off) answered(payload, 0);
        start_at_us_ = clock_.steady_us() + static_cast<std::int64_t>(random_.below(kSecondUs));
      }
  }
}

void Run::send(std::size_t number) {
  Payload& payload = ledger_.payloads[number];
  ++payload.tries;
  if (payload.sent_at == 0) {
    payload.sent_at = ledger_.now();
    payload.sent_ms = clock_.wall_ms();
  }
  if (!process_ || !process_->listens()) return answered(number, 0);
  in_flight_.insert(number);
  if (payload.stored_from == 0) payload.stored_from = process_->journal().end().value;
  process_->request(payload.request, [this, number, life = life_](const http::HttpResponse& response) {
    if (life != life_ || dying_ || in_flight_.erase(number) == 0) return;
    const bool lost = weather_.lost_client_answers && !repaired_ && random_.below(5) == 0;
    answered(number, lost ? 0 : response.status);
  });
}

void Run::answered(std::size_t number, unsigned status) {
  Payload& payload = ledger_.payloads[number];
  tell(fmt::format("payload {} of environment {} with {} events: {}", number, payload.environment,
                   payload.events.size(), status));
  if (status == 202) {
    payload.acknowledged = true;
    payload.answered_ms = clock_.wall_ms();
    payload.answered_at = ledger_.now();
    return;
  }
  refused_ += status != 0;
  if (status == 401 && !key_is_good(payload)) return;  // its SDK would stop
  if (status != 0 && status != 503 && status != 500) broken_ = fmt::format("a payload was answered {}", status);
  if (payload.tries < 2) scheduler_.at(clock_.steady_us() + kSdkRetryUs, [this, number] { send(number); });
}

void Run::trouble_disk() {
  if (!process_) return;
  if (weather_.crashes && random_.below(3) == 0) {
    if (random_.below(3) == 0) throw ProcessDied{"a crash"};
    planned_crash_ = static_cast<storage::FakeFileSystem::Crash>(random_.below(4));
    crash_after_changes_ = 1 + random_.below(12);
  }
  if (weather_.disk_errors && random_.below(6) == 0) {
    tell("the disk will fail");
    ++happened_.disk_errors;
    if (random_.below(2) == 0)
      disk_->fail_write(random_.below(10), storage::FileFault::other);
    else
      disk_->fail_sync(random_.below(10), storage::FileFault::other);
  }
  if (weather_.full_disk && heal_disk_at_us_ == 0 && random_.below(4) == 0) {
    tell("the disk runs full");
    disk_->set_capacity(disk_->used_bytes() + random_.below(200'000));
    heal_disk_at_us_ = clock_.steady_us() + static_cast<std::int64_t>(random_.below(10)) * kSecondUs;
  }
}

// Also while there is no process: a start meets them too.
void Run::trouble_reads() {
  if (!weather_.read_errors || read_random_.below(12) != 0) return;
  constexpr const char* kFiles[] = {".segment", ".segment", ".index", ".cursor", ""};
  const char* const files = kFiles[read_random_.below(std::size(kFiles))];
  switch (read_random_.below(4)) {
    case 0:
    case 1:
      tell("all is read again");
      return disk_->heal_reads();
    case 2: {
      const auto of_thousand = 10 + static_cast<std::uint32_t>(read_random_.below(500));
      tell(fmt::format("{} of 1000 reads of \"{}\" fail", of_thousand, files));
      return disk_->fail_reads_at_times(files, of_thousand);
    }
    default: {
      const std::uint64_t at = read_random_.below(limits_.segment_bytes);
      tell(fmt::format("byte {} of each \"{}\" cannot be read", at, files));
      return disk_->fail_read(files, at);
    }
  }
}

// While there is no process, too: a start meets it.
void Run::trouble_database() {
  if (weather_.disk_errors && database_random_.below(15) == 0) {
    const auto of_thousand =
        database_random_.below(2) == 0 ? 0 : 10 + static_cast<std::uint32_t>(database_random_.below(500));
    tell(fmt::format("{} of 1000 calls of the catalog's database fail", of_thousand));
    database_.fail_at_times(of_thousand);
  }
  if (weather_.crashes && database_random_.below(25) == 0)
    database_.die_in_write(database_random_.below(3), [this] {
      dying_ = true;  // as in a change to the disk
      left_behind_ = disk_->after_crash(static_cast<storage::FakeFileSystem::Crash>(database_random_.below(4)),
                                        database_random_.next());
      scheduler_.kill();
      throw ProcessDied{"a crash in a change to the catalog's database"};
    });
}

void Run::trouble_cloud() {
  Tracked* destination = any_destination();
  if (destination == nullptr) return;
  if (Service* const service = cloud_.service(destination->stream)) return trouble_service(*service);
  Stream& stream = cloud_.stream(destination->stream);
  StreamFaults& faults = stream.faults;
  const bool better = random_.below(3) == 0;
  if (weather_.throttling) faults.records_per_s = better ? 0 : 1 + static_cast<std::uint32_t>(random_.below(40));
  if (weather_.failures) {
    faults.record_fails = better ? 0 : random_.unit() * 0.5;
    faults.call_fails = better ? 0 : random_.unit() * 0.5;
  }
  if (weather_.lost_answers) {
    faults.answer_is_lost = better ? 0 : random_.unit() * 0.3;
    faults.request_is_lost = better ? 0 : random_.unit() * 0.3;
  }
  if (weather_.outages) {
    faults.unreachable = !better && random_.below(3) == 0;
    faults.denied = !better && random_.below(5) == 0;
    cloud_.sts_unreachable = !better && random_.below(6) == 0;
    cloud_.sts_denies = !better && random_.below(8) == 0;
  }
  if (weather_.one_slow && destination == &ledger_.destinations.front()) {
    faults.latency_us = 500'000;
    faults.latency_spread_us = 1'500'000;
  }
  if (weather_.resharding && random_.below(5) == 0) {
    stream.shards = 1 + static_cast<std::uint32_t>(random_.below(12));
    stream.kinesis.set_shards(stream.shards);
  }
  if (weather_.expiring && random_.below(4) == 0) {
    cloud_.expire_sessions();
    cloud_.session_s = 16 + static_cast<std::int64_t>(random_.below(100));
  }
}

void Run::repair() {
  tell("all is repaired");
  repaired_ = true;
  crash_after_changes_ = 0;
  disk_->set_capacity(1ull << 40);
  disk_->heal_reads();
  disk_->fail_write(UINT64_MAX, storage::FileFault::other);
  disk_->fail_sync(UINT64_MAX, storage::FileFault::other);
  cloud_.sts_denies = cloud_.sts_unreachable = false;
  cloud_.session_s = 3600;
  cloud_.flag_faults = {};
  database_.heal();
  for (Tracked& each : ledger_.destinations) {
    if (Service* const service = cloud_.service(each.stream)) {
      service->faults = {};
      continue;
    }
    Stream& stream = cloud_.stream(each.stream);
    stream.faults = {};
    // Of the last event, which Kinesis never takes, only the stream's description shows that it is not the stream that
    // refuses everything: without it the event is kept until another comes.
    if (weather_.poison) stream.kinesis.may_describe = true;
  }
  while (!process_) try_start();
  guarded([this] {
    for (Tracked& each : ledger_.destinations) {
      if (each.deleted) continue;
      // Whoever answered 410 is not asked again before that.
      if (each.on && each.kind == Kind::webhook && process_ && weather_.outages) turn(each);
      if (!each.on) turn(each);
    }
  });
}

}  // namespace sluice::simulation
