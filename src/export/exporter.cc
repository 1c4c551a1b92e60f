#include "export/exporter.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "export/dead_letter_file.h"
#include "export/limits.h"

namespace sluice {
namespace {

// What the trend is computed from: one look a second.
struct Sample {
  std::int64_t at_us;
  std::uint64_t accepted, delivered;
};
constexpr std::size_t kRateWindowS = 30;
// Names of files are a destination's id and one of these (journal/cursor_store.h, export/dead_letter_file.h).
constexpr std::string_view kCursorSuffix = ".cursor", kDeadLetterSuffix = ".ndjson";

}  // namespace

// One destination's thread with what belongs to it.
class Exporter::Runner {
 public:
  Runner(Destination destination, Journal& journal, std::unique_ptr<CursorFile> cursor_file, FileSystem& files,
         const Clock& clock, const std::string& data_directory, const SinkFactory& make_sink)
      : journal_(journal),
        clock_(clock),
        dead_letters_(data_directory + "/dead-letters", destination.id, files, clock),
        pipeline_(destination, journal, std::move(cursor_file), make_sink(destination, waker_, dead_letters_), clock),
        state_since_ms_(clock.wall_ms()) {
    journal_.subscribe(&waker_);
    thread_ = std::thread([this] { run(); });
  }

  ~Runner() { stop(); }

  void stop() {
    begin_stop();
    if (thread_.joinable()) thread_.join();
    journal_.unsubscribe(&waker_);
  }
  void begin_stop() {
    pipeline_.stop();
    waker_.wake();
  }

  const Destination& destination() const { return pipeline_.destination(); }

  // Nothing waits, or what waits cannot go out just now: a drain need not wait for it.
  bool drained() const {
    const PipelineStatus status = pipeline_.status();
    return status.balance.waiting == 0 || status.problem.has_value();
  }

  DestinationStatus status() const {
    DestinationStatus status;
    status.destination = destination();
    status.pipeline = pipeline_.status();
    status.dead_letter_path = dead_letters_.path();
    const std::int64_t now_ms = clock_.wall_ms();
    if (status.pipeline.oldest_received_ms > 0)
      status.oldest_waiting_age_ms = std::max<std::int64_t>(now_ms - status.pipeline.oldest_received_ms, 0);
    const std::int64_t last = status.pipeline.last_delivery_ms;
    status.state = destination_state({true, status.pipeline.problem, status.pipeline.balance.waiting,
                                      status.oldest_waiting_age_ms, last == 0 ? -1 : now_ms - last});
    const std::lock_guard lock(watch_mutex_);
    status.state_since_ms = state_since_ms_;
    if (samples_.size() >= 2) {
      const double seconds = static_cast<double>(samples_.back().at_us - samples_.front().at_us) / 1e6;
      status.accepted_per_s = static_cast<double>(samples_.back().accepted - samples_.front().accepted) / seconds;
      status.delivered_per_s = static_cast<double>(samples_.back().delivered - samples_.front().delivered) / seconds;
    }
    return status;
  }

  // Once a second: samples the rates and tells of a change of state, once.
  void look() {
    const DestinationStatus now = status();
    const std::lock_guard lock(watch_mutex_);
    samples_.push_back({clock_.steady_us(), now.pipeline.balance.accepted, now.pipeline.balance.delivered});
    if (samples_.size() > kRateWindowS) samples_.pop_front();
    const std::string code = now.pipeline.problem ? now.pipeline.problem->code : "";
    if (now.state == state_ && code == problem_code_) return;
    // `delivering` and `idle` follow each other all day: not worth a line.
    const auto quiet = [](DestinationState state) {
      return state == DestinationState::delivering || state == DestinationState::idle;
    };
    if (!(quiet(now.state) && quiet(state_))) tell(now);
    state_ = now.state;
    problem_code_ = code;
    state_since_ms_ = clock_.wall_ms();
  }

 private:
  void run() {
    while (true) {
      const std::int64_t deadline_us = pipeline_.step();
      if (pipeline_.stopped()) break;
      const std::int64_t wait_us = std::clamp<std::int64_t>(deadline_us - clock_.steady_us(), 0, 60'000'000);
      if (wait_us > 0) waker_.wait_us(wait_us);
    }
    pipeline_.close();
  }

  void tell(const DestinationStatus& now) const {
    const std::string_view state = destination_state_name(now.state);
    if (now.pipeline.problem) {
      const Problem& problem = *now.pipeline.problem;
      const std::string_view asked = problem.request_id.empty() ? "none" : std::string_view(problem.request_id);
      log_warn("destination.state", {{"destination", now.destination.name},
                                     {"state", state},
                                     {"waiting", now.pipeline.balance.waiting},
                                     {"code", problem.code},
                                     {"message", problem.message},
                                     {"remedy", problem.remedy},
                                     {"request_id", asked}});
      return;
    }
    log_info("destination.state", {{"destination", now.destination.name},
                                   {"state", state},
                                   {"waiting", now.pipeline.balance.waiting},
                                   {"oldest", human_duration_ms(now.oldest_waiting_age_ms)}});
  }

  Journal& journal_;
  const Clock& clock_;
  Waker waker_;
  DeadLetterFile dead_letters_;
  Pipeline pipeline_;
  std::thread thread_;

  mutable std::mutex watch_mutex_;
  std::deque<Sample> samples_;
  DestinationState state_ = DestinationState::idle;
  std::string problem_code_;
  std::int64_t state_since_ms_;
};

struct Exporter::Watch {
  Waker waker;
  std::atomic<bool> stop{false};
  std::thread thread;
};

Exporter::Exporter(Journal& journal, FileSystem& files, const Clock& clock, std::string data_directory,
                   SinkFactory make_sink)
    : journal_(journal),
      files_(files),
      clock_(clock),
      data_directory_(std::move(data_directory)),
      make_sink_(std::move(make_sink)),
      watch_(std::make_unique<Watch>()) {
  watch_->thread = std::thread([this] { watch(); });
}

Exporter::~Exporter() {
  watch_->stop = true;
  watch_->waker.wake();
  watch_->thread.join();
  const std::lock_guard lock(mutex_);
  for (auto& [id, runner] : runners_) runner->begin_stop();
  runners_.clear();
}

void Exporter::watch() {
  while (!watch_->stop) {
    watch_->waker.wait_us(1'000'000);
    const std::lock_guard lock(mutex_);
    for (auto& [id, runner] : runners_) runner->look();
  }
}

Result<void> Exporter::apply(const CatalogSnapshot& snapshot) {
  // What goes or changes is stopped first, all at once, so that one slow answer does not hold up the next.
  std::vector<std::unique_ptr<Runner>> leaving;
  std::vector<Destination> starting;
  std::map<ObjectId, const Destination*> declared;
  for (const Destination& destination : snapshot.destinations()) declared.emplace(destination.id, &destination);
  {
    const std::lock_guard lock(mutex_);
    for (auto at = runners_.begin(); at != runners_.end();) {
      const auto same = declared.find(at->first);
      if (same != declared.end() && same->second->on && *same->second == at->second->destination()) {
        ++at;
        continue;
      }
      at->second->begin_stop();
      leaving.push_back(std::move(at->second));
      at = runners_.erase(at);
    }
    off_.clear();
    for (const Destination& destination : snapshot.destinations()) {
      if (!destination.on) off_.push_back(destination);
      if (destination.on && runners_.count(destination.id) == 0) starting.push_back(destination);
    }
  }
  for (const auto& runner : leaving) {
    runner->stop();
    const ObjectId id = runner->destination().id;
    const bool comes_back =
        std::any_of(starting.begin(), starting.end(), [&](const Destination& d) { return d.id == id; });
    // Off or gone: its cursor stays on disk, but holds nothing back any more (docs/delivery.md).
    if (!comes_back) journal_.drop_hold(id.hex());
  }
  leaving.clear();

  for (const Destination& destination : starting) {
    auto cursor_file = CursorFile::open(data_directory_ + "/cursors", destination.id, files_);
    if (!cursor_file) return tl::unexpected(cursor_file.error());
    auto runner = std::make_unique<Runner>(destination, journal_, std::move(*cursor_file), files_, clock_,
                                           data_directory_, make_sink_);
    log_info("destination.started", {{"destination", destination.name},
                                     {"id", destination.id.hex()},
                                     {"stream", destination.kinesis.stream_name},
                                     {"region", destination.kinesis.region},
                                     {"waiting", runner->status().pipeline.balance.waiting}});
    const std::lock_guard lock(mutex_);
    runners_.emplace(destination.id, std::move(runner));
  }
  return {};
}

Result<bool> Exporter::reserve_start(ObjectId destination) {
  auto cursor_file = CursorFile::open(data_directory_ + "/cursors", destination, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if ((*cursor_file)->loaded()) return false;
  Cursor cursor;
  cursor.position = journal_.end();
  journal_.hold(destination.hex(), cursor.position);
  if (auto saved = (*cursor_file)->save(cursor); !saved) return tl::unexpected(saved.error());
  return true;
}

void Exporter::release_start(ObjectId destination) {
  journal_.drop_hold(destination.hex());
  // Left behind it would do no harm: nobody else gets the id.
  (void)files_.remove(data_directory_ + "/cursors/" + destination.hex().append(kCursorSuffix));
}

void Exporter::forget(ObjectId destination) {
  journal_.drop_hold(destination.hex());
  for (const std::string& path : {data_directory_ + "/cursors/" + destination.hex().append(kCursorSuffix),
                                  data_directory_ + "/dead-letters/" + destination.hex().append(kDeadLetterSuffix)})
    (void)files_.remove(path);  // it may have none; the next start tries again
}

void Exporter::forget_all_but(const CatalogSnapshot& snapshot) {
  std::set<ObjectId> known;
  for (const Destination& destination : snapshot.destinations()) known.insert(destination.id);
  for (const auto& [folder, suffix] : {std::pair("/cursors", kCursorSuffix), {"/dead-letters", kDeadLetterSuffix}}) {
    const auto names = files_.list(data_directory_ + folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (!name.ends_with(suffix)) continue;
      const auto id = ObjectId::parse(std::string_view(name).substr(0, name.size() - suffix.size()));
      if (id && !known.contains(*id)) forget(*id);
    }
  }
}

void Exporter::drain(std::int64_t deadline_ms) {
  const std::int64_t deadline_us = clock_.steady_us() + deadline_ms * 1000;
  Waker pause;
  const auto drained = [this] {
    const std::lock_guard lock(mutex_);
    return std::all_of(runners_.begin(), runners_.end(), [](const auto& runner) { return runner.second->drained(); });
  };
  while (!drained() && clock_.steady_us() < deadline_us) pause.wait_us(20'000);
  const std::lock_guard lock(mutex_);
  for (auto& [id, runner] : runners_) runner->begin_stop();
  for (auto& [id, runner] : runners_) runner->stop();
}

std::vector<DestinationStatus> Exporter::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<DestinationStatus> all;
  for (const auto& [id, runner] : runners_) all.push_back(runner->status());
  for (const Destination& destination : off_) {
    DestinationStatus status;
    status.destination = destination;
    all.push_back(std::move(status));
  }
  return all;
}

}  // namespace sluice
