#include "run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bucket.h"
#include "destinations/kinesis/kinesis_sink.h"
#include "event_service.h"
#include "export/dead_letter_file.h"
#include "export/limits.h"
#include "receiver.h"
#include "system_random.h"

namespace sluice::simulation {
namespace {

// Between two things that happen in a long outage.
constexpr std::uint64_t kOutageStepUs = 10'000'000;
// After all is repaired: the longest waits of a sink are a minute, and each retry doubles the one before.
constexpr std::int64_t kSettleAtMostS = 3'600;
// It is at rest when nothing is seen to wait for so long.
constexpr std::int64_t kRestS = 4;
// Of one worker. A thousand are much; one that asks to be called again at once, for nothing, makes fifty thousand.
constexpr std::uint64_t kMostStepsPerS = 5'000;
// How often SDKs still send when all is repaired, as long as something waits.
constexpr std::int64_t kPlainEveryS = 30;
// Cursors, flags and the like, beside the journal's own files.
constexpr std::uint64_t kOtherFilesBytes = 2u << 20;

std::uint64_t part(std::uint64_t seed, std::uint64_t number) { return Random(seed * 31 + number).next(); }

std::string describe(const exporting::DestinationStatus& status) {
  const exporting::Balance& balance = status.pipeline.balance;
  return fmt::format("  {} at {:x}: accepted {} delivered {} waiting {} dead {} missing {} {}", status.destination.name,
                     status.pipeline.position.value, balance.accepted, balance.delivered, balance.waiting,
                     balance.dead_lettered, balance.missing,
                     status.pipeline.problem ? status.pipeline.problem->code : "");
}

// Kinesis alone in a third of the runs, else any of them.
std::vector<Kind> draw_kinds(Random& random) {
  if (random.below(3) == 0) return {Kind::kinesis};
  std::vector<Kind> kinds;
  for (std::size_t i = 0; i < kKinds; ++i)
    if (random.below(2) == 0) kinds.push_back(static_cast<Kind>(i));
  if (kinds.empty()) kinds.push_back(static_cast<Kind>(1 + random.below(kKinds - 1)));
  return kinds;
}

std::string bytes_by_folder(const storage::FakeFileSystem& disk) {
  std::map<std::string, std::uint64_t> bytes;
  for (const std::string& path : disk.paths()) bytes[path.substr(0, path.rfind('/'))] += disk.bytes(path).size();
  std::string text;
  for (const auto& [folder, sum] : bytes) text += fmt::format(" {} in {}", sum, folder);
  return text;
}

// Of a destination's name: far_name().
std::size_t number_in(const std::string& name) { return std::stoul(name.substr(name.find('-') + 1)); }

// In half of the runs some payloads are large: read by their worker, and stored in parts.
intake::IntakeLimits draw_intake_limits(Random& random) {
  intake::IntakeLimits limits;
  if (random.below(2) == 0) return limits;
  limits.max_bytes_on_loop = 500 + random.below(6'000);
  limits.part_bytes = 300 + random.below(4'000);
  return limits;
}

journal::JournalLimits draw_limits(Random& random) {
  constexpr std::uint64_t kSegments[] = {3, 6, 24, 200};
  journal::JournalLimits limits;
  limits.segment_bytes = 64 << 10;
  limits.max_bytes = limits.segment_bytes * kSegments[random.below(std::size(kSegments))];
  limits.min_free_bytes = random.below(2) * (64 << 10);
  limits.retention_ms = random.below(2) == 0 ? 3'600'000 : 5'000;
  return limits;
}

}  // namespace

Run::Run(std::uint64_t seed, std::function<void(const std::string&)> tell, std::int64_t outage_ms,
         std::vector<Kind> kinds)
    : seed_(seed),
      tell_(std::move(tell)),
      outage_ms_(outage_ms),
      random_(part(seed, 1)),
      read_random_(part(seed, 7)),
      database_random_(part(seed, 8)),
      key_random_(part(seed, 9)),
      look_random_(part(seed, 10)),
      lost_random_(part(seed, 13)),
      large_random_(part(seed, 14)),
      packing_random_(part(seed, 15)),
      kind_random_(part(seed, 17)),
      loses_files_(outage_ms == 0 && lost_random_.below(10) < 3),
      packs_(packing_random_.below(3) != 0),
      throttles_bytes_(packs_ && packing_random_.below(2) == 0),
      refuses_large_(packs_ && packing_random_.below(3) == 0),
      surges_(packs_ && packing_random_.below(2) == 0),
      kinds_(kinds.empty() ? draw_kinds(kind_random_) : std::move(kinds)),
      weather_(outage_ms > 0 ? Weather::draw(random_, read_random_).at_home() : Weather::draw(random_, read_random_)),
      clock_(1'700'000'000'000),
      scheduler_(clock_, part(seed, 2)),
      cloud_(scheduler_, clock_, part(seed, 3), part(seed, 11), part(seed, 16)),
      sdk_(part(seed, 4)),
      database_(part(seed, 12)),
      limits_(draw_limits(random_)),
      intake_limits_(draw_intake_limits(large_random_)),
      environments_(1 + random_.below(2)) {
  seed_system_random(part(seed, 5));
  happened_.in_parts = intake_limits_.part_bytes != intake::IntakeLimits{}.part_bytes;
  reads_flags_ = look_random_.below(2) == 0;
  cloud_.flag_faults = {weather_.throttling ? 0.2 : 0, weather_.failures ? 0.2 : 0, weather_.lost_answers ? 0.1 : 0};
  make_catalog();
  use_disk(std::make_unique<storage::FakeFileSystem>(part(seed, 6)));
  if (weather_.poison) sdk_.poison = 0.01;
  // A payload is known again while its entry is kept: a jump of the clock must not end that within an SDK's retry.
  if (weather_.clock_jumps) limits_.retention_ms = 3'600'000;
  constexpr std::uint64_t kPads[] = {50, 400, 8'000};
  sdk_.pad_bytes = kPads[random_.below(std::size(kPads))];
  sdk_.events_at_most = sdk_.pad_bytes > 1000 ? 6 : 30;
  // With its original a payload must fit into a segment.
  if (sdk_.pad_bytes > 1000 && has_kind(Kind::tee)) sdk_.events_at_most = 3;
  if (has_kind(Kind::tee)) sdk_.mobile = 0.2;
}

void Run::tell(const std::string& line) const {
  if (tell_) tell_(fmt::format("{:12.6f} {}", static_cast<double>(clock_.steady_us()) / 1e6, line));
}

Outcome Run::go() {
  tell("weather: " + weather_.text() + (packs_ ? ", packed" : "") + (throttles_bytes_ ? ", few bytes" : "") +
       (refuses_large_ ? ", large records are refused" : "") + (surges_ ? ", surges" : ""));
  for (const Kind kind : kinds_)
    tell(fmt::format("destinations of the kind {}", kKindNames[static_cast<std::size_t>(kind)]));
  try_start();
  for (std::uint64_t i = 1 + random_.below(3); i > 0 && !broken_; --i) guarded([this] { make_destination(); });
  live();
  if (!broken_) {
    repair();
    if (!settle() && !broken_) broken_ = "it does not come to rest";
  }
  Outcome outcome;
  if (!broken_) {
    std::map<ObjectId, exporting::PipelineStatus> status;
    for (const exporting::DestinationStatus& each : process_->exporter().status())
      status[each.destination.id] = each.pipeline;
    std::map<ObjectId, std::string> letters;
    std::map<ObjectId, std::uint64_t> usage;
    for (const Tracked& each : ledger_.destinations) {
      for (const std::string& path : exporting::dead_letter_paths("/data/dead-letters/" + each.id.hex() + ".ndjson"))
        if (disk_->exists(path)) letters[each.id] += disk_->bytes(path) + '\n';  // a crash may leave half a line
      usage[each.id] = database_.usage_of(each.id.hex());
    }
    broken_ = ledger_.broken(cloud_, happened_, status, letters, usage);
  }
  outcome.broken = broken_;
  outcome.payloads = ledger_.payloads.size();
  outcome.acknowledged_events = ledger_.acknowledged_events();
  for (const Tracked& each : ledger_.destinations) {
    outcome.taken_records += cloud_.takings(each.stream).taken;
    outcome.repeats += cloud_.takings(each.stream).repeats();
    if (const Service* const service = cloud_.service(each.stream)) {
      if (const auto* events = dynamic_cast<const EventService*>(service)) {
        outcome.payloads_forwarded += events->taken;
        outcome.payloads_divided += events->divided();
      }
      if (const auto* bucket = dynamic_cast<const Bucket*>(service)) {
        outcome.objects += bucket->objects();
        outcome.found_there += bucket->found_there();
      }
      if (const auto* receiver = dynamic_cast<const Receiver*>(service)) outcome.batches += receiver->batches();
      continue;
    }
    const Stream& stream = cloud_.stream(each.stream);
    outcome.records += stream.records;
    outcome.packed += stream.packed;
    outcome.throttled += stream.throttled;
    outcome.cbor_records += stream.cbor_records;
    outcome.refused_large += stream.refused_large;
  }
  outcome.refused = refused_;
  outcome.happened = happened_;
  outcome.happened.read_errors += disk_->failed_reads();
  outcome.steps = scheduler_.steps();
  outcome.most_steps_per_s = scheduler_.most_steps_per_s();
  tell(fmt::format("the busiest worker, {}, made {} steps in a second", scheduler_.busiest(),
                   scheduler_.most_steps_per_s()));
  outcome.fingerprint = scheduler_.fingerprint() ^ outcome.taken_records;
  outcome.simulated_ms = clock_.steady_us() / 1000;
  scheduler_.kill();
  dying_ = true;
  process_.reset();
  return outcome;
}

void Run::live() {
  const bool outage = outage_ms_ > 0;
  for (const Tracked& each : ledger_.destinations) {
    if (Service* const service = cloud_.service(each.stream))
      service->faults.unreachable = outage;
    else
      cloud_.stream(each.stream).faults.unreachable = outage;
  }
  const std::int64_t until_us =
      clock_.steady_us() + (outage ? outage_ms_ * 1000 : static_cast<std::int64_t>(5 + random_.below(40)) * kSecondUs);
  const std::uint64_t longest_step_us = outage ? kOutageStepUs : 300'000;
  while (clock_.steady_us() < until_us && !broken_) {
    guarded([&] { scheduler_.run_for(1 + static_cast<std::int64_t>(random_.below(longest_step_us))); });
    if (!process_ && clock_.steady_us() >= start_at_us_) try_start();
    guarded([this] { act(); });
    look_at_replays();
    check_limits();
  }
}

void Run::guarded(const std::function<void()>& act) {
  try {
    act();
  } catch (const ProcessDied& died) {
    ++happened_.deaths;
    const auto how = static_cast<storage::FakeFileSystem::Crash>(random_.below(4));
    die(died.why, how);
  }
}

// Stops in order once, too: what is delivered then must not come again.
bool Run::settle() {
  const auto at_rest = [this] {
    const auto all = process_->exporter().status();
    return is_in_force() && std::all_of(all.begin(), all.end(), [](const exporting::DestinationStatus& each) {
             return each.pipeline.balance.waiting == 0 &&
                    !(each.replay && each.replay->state == exporting::ReplayState::running);
           });
  };
  std::int64_t rested_s = 0;
  for (std::int64_t s = 0; s < kSettleAtMostS; ++s) {
    guarded([this] { scheduler_.run_for(kSecondUs); });
    if (!process_) try_start();
    if (!process_) {
      rested_s = 0;
      continue;
    }
    look_at_replays();
    check_limits();
    // What is shown may be two seconds old.
    rested_s = in_flight_.empty() && cloud_.on_the_way() == 0 && at_rest() ? rested_s + 1 : 0;
    if (!is_only_kinesis() && rested_s == 0 && s % kPlainEveryS == kPlainEveryS - 1) send_plain();
    if (rested_s < kRestS) continue;
    std::uint64_t taken = 0, after = 0;
    for (const Tracked& each : ledger_.destinations) taken += cloud_.takings(each.stream).taken;
    guarded([this] { process_->stop(10'000); });
    count_usage();
    end_life();
    try_start();
    if (!process_) return false;
    guarded([this] { scheduler_.run_for(10 * kSecondUs); });
    guarded([this] { look_at_rest(); });
    for (const Tracked& each : ledger_.destinations) after += cloud_.takings(each.stream).taken;
    if (after != taken) broken_ = fmt::format("after a stop in order {} events came again", after - taken);
    return at_rest();
  }
  tell(fmt::format("{} payloads wait for an answer", in_flight_.size()));
  if (process_)
    for (const exporting::DestinationStatus& each : process_->exporter().status())
      tell(describe(each) +
           (each.replay && each.replay->state == exporting::ReplayState::running ? ", a replay runs" : ""));
  return false;
}

void Run::check_limits() {
  if (!process_ || broken_) return;
  check_shown();
  if (scheduler_.most_steps_per_s() > kMostStepsPerS)
    broken_ =
        fmt::format("a worker, {}, made {} steps in a second", scheduler_.busiest(), scheduler_.most_steps_per_s());
  if (disk_->used_bytes() > limits_.max_bytes + kOtherFilesBytes + service_files_limit_bytes())
    broken_ = fmt::format("the disk holds {} bytes, more than it may:{}", disk_->used_bytes(), bytes_by_folder(*disk_));
  for (const exporting::DestinationStatus& each : process_->exporter().status()) {
    const exporting::PipelineStatus& pipeline = each.pipeline;
    if (pipeline.balance.waiting > (1ull << 60))
      broken_ = "fewer than no events wait";
    else if (pipeline.sink.events_inside > exporting::kMaxWindowEvents ||
             pipeline.sink.bytes_inside > kinesis::kMaxBytesInside + (1u << 20))
      broken_ =
          fmt::format("a sink holds {} events of {} bytes", pipeline.sink.events_inside, pipeline.sink.bytes_inside);
  }
}

void Run::use_disk(std::unique_ptr<storage::FakeFileSystem> disk) {
  if (disk_) happened_.read_errors += disk_->failed_reads();
  disk_ = std::move(disk);
  disk_->before_each_change([this] { before_change(); });
}

void Run::before_change() {
  if (dying_) return;
  if (weather_.slow_disk && !repaired_)
    clock_.advance_us(
        static_cast<std::int64_t>(random_.below(50) == 0 ? random_.below(3 * kSecondUs) : random_.below(30'000)));
  if (crash_after_changes_ == 0 || --crash_after_changes_ > 0) return;
  left_behind_ = disk_->after_crash(planned_crash_, random_.next());
  dying_ = true;  // nothing that is undone on the way up reaches the disk, or anybody else
  scheduler_.kill();
  throw ProcessDied{"a crash in a change to the disk"};
}

void Run::die(const std::string& why, storage::FakeFileSystem::Crash how) {
  tell(fmt::format("dies ({}): {}", static_cast<int>(how), why));
  if (process_ && process_->listens())
    for (const exporting::DestinationStatus& each : process_->exporter().status())
      tell(describe(each) + fmt::format(" taken {}", cloud_.takings(number_in(each.destination.name)).ledger.size()));
  scheduler_.kill();
  cloud_.forget_callers();
  auto disk = left_behind_ ? std::move(left_behind_) : disk_->after_crash(how, random_.next());
  if (process_ && process_->listens()) count_usage();
  end_life();
  if (weather_.rot && !repaired_ && random_.below(3) == 0) {
    const auto paths = disk->paths();
    const std::string& path = paths[random_.below(paths.size())];
    const std::uint64_t size = disk->bytes(path).size();
    const bool of_spool = path.find("/spool/") != std::string::npos;
    if (size > 0 && (of_spool || path.find("/segments/") != std::string::npos)) {
      const std::uint64_t at = random_.below(size);
      disk->flip(path, at, static_cast<unsigned char>(1u << random_.below(8)));
      // What lies in a spool lies in the journal too.
      happened_.flips += !of_spool;
      happened_.rotten_manifests += of_spool && path.ends_with(".json");
      tell(fmt::format("a bit rots in {} at {}", path, at));
    }
  }
  use_disk(std::move(disk));
  crash_after_changes_ = 0;
  heal_disk_at_us_ = 0;
  start_at_us_ = clock_.steady_us() + static_cast<std::int64_t>(random_.below(3 * kSecondUs));
  const std::set<std::size_t> cut_off = std::exchange(in_flight_, {});
  for (const std::size_t payload : cut_off) answered(payload, 0);
}

void Run::end_life() {
  dying_ = true;
  process_.reset();
  dying_ = false;
  scheduler_.kill();
  cloud_.forget_callers();
  ++life_;
  asked_replays_.clear();
  looks_.clear();
  shown_.clear();
  changed_at_us_ = 0;
}

// A killed process loses the counts since the last sample; after a stop in order they are equal.
void Run::count_usage() {
  const bool in_order = !process_->listens();
  const bool all = in_order && !database_.usage_failed();
  happened_.usage_lost += in_order && !all;
  Database::Usage counted;
  for (const auto& [key, events] : database_.usage())
    if (const auto before = usage_at_start_.find(key); before == usage_at_start_.end() || before->second != events)
      counted[key] = events - (before == usage_at_start_.end() ? 0 : before->second);
  Database::Usage delivered;
  for (const auto& [id, sums] : process_->exporter().delivered())
    for (const event::EventKindRow& row : event::kEventKinds)
      if (row.kind == event::EventKind::original)
        continue;  // its events are what is used
      else if (const std::uint64_t events = sums.by_kind[static_cast<std::size_t>(row.kind)]; events > 0)
        delivered[{id.hex(), std::string(row.name)}] = events;
  for (const auto& [key, events] : counted)
    if (delivered[key] < events)
      broken_ = fmt::format("usage counts {} {} events of {}, and {} were delivered", events, key.second, key.first,
                            delivered[key]);
  for (const auto& [key, events] : delivered)
    if (all && counted[key] != events)
      broken_ = fmt::format("after a stop in order usage counts {} {} events of {}, and {} were delivered",
                            counted[key], key.second, key.first, events);
}

void Run::try_start() {
  guarded([this] {
    database_.unhide();
    lost_cursor_ = {};
    if (loses_files_ && !repaired_ && lost_random_.below(3) == 0) lose_files();
    if (broken_) return;
    process_ = std::make_unique<Process>(World{*disk_, clock_, scheduler_, cloud_, database_}, limits_, intake_limits_,
                                         reads_flags_);
    usage_at_start_ = database_.usage();
    if (auto started = process_->start(); !started) {
      tell("does not start: " + started.error().message);
      process_->give_up_start();
      end_life();
      start_at_us_ = clock_.steady_us() + kSecondUs;
      return;
    }
    note_start();
    if (!is_in_force()) broken_ = "a catalog that was changed is not in force after a start";
    if (process_->journal().oldest() > end_at_start_) ++happened_.forgetful_starts;
    end_at_start_ = process_->journal().end();
    check_lost_cursor();
    tell("started");
    for (const exporting::DestinationStatus& each : process_->exporter().status()) tell(describe(each));
  });
}

// What every life tells, whatever catalog it has.
void Run::note_start() {
  learn_keys();
  happened_.missing_entries = std::max(happened_.missing_entries, process_->journal().stats().missing_entries);
}

}  // namespace sluice::simulation
