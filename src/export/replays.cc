#include "export/replays.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "export/sink_folder.h"

namespace sluice::exporting {
namespace {

std::string holder_of(ObjectId destination) { return destination.hex() + "-replay"; }

template <typename Map>
std::vector<ObjectId> keys_of(const Map& map) {
  std::vector<ObjectId> keys;
  for (const auto& [id, value] : map) keys.push_back(id);
  return keys;
}

}  // namespace

void add_delivered(std::map<ObjectId, Delivered>& to, const catalog::Destination& destination,
                   const event::EventKindCounts& counts) {
  Delivered& sums = to[destination.id];
  sums.project_key = destination.project_key;
  sums.environment_key = destination.environment_key;
  for (std::size_t kind = 0; kind < counts.size(); ++kind) sums.by_kind[kind] += counts[kind];
}

Replays::Replays(journal::Journal& journal, storage::FileSystem& files, const Clock& clock,
                 const std::string& data_directory, SinkFactory make_sink, Workers& workers)
    : journal_(journal),
      files_(files),
      clock_(clock),
      data_directory_(data_directory),
      make_sink_(std::move(make_sink)),
      workers_(workers),
      replay_files_(files, data_directory) {}

Replays::~Replays() = default;

std::string Replays::letter_path(ObjectId destination) const {
  return data_directory_ + "/dead-letters/" + destination.hex().append("-replay.ndjson");
}

// Null: it has no place any more.
Result<std::unique_ptr<Runner>> Replays::make_runner(const catalog::Destination& destination, const Replay& replay) {
  auto cursor_file = journal::CursorFile::open(replay_files_.directory(), destination.id, files_);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  if (!(*cursor_file)->loaded()) return nullptr;
  log_info("replay.started",
           {{"destination", destination.name}, {"from_ms", replay.range.from_ms}, {"to_ms", replay.range.to_ms}});
  auto runner = std::make_unique<Runner>(
      destination, journal_, std::move(*cursor_file), clock_,
      std::make_shared<DeadLetterFile>(letter_path(destination.id), destination.id, files_, clock_), make_sink_,
      workers_, nullptr, replay.range);
  runner->start();
  return runner;
}

Result<ReplayStatus> Replays::start(ObjectId id, std::int64_t from_ms, std::int64_t to_ms) {
  const std::lock_guard changing(change_mutex_);
  catalog::Destination destination;
  {
    const std::lock_guard lock(mutex_);
    const auto live = running_.find(id);
    if (live == running_.end()) return fail("The destination is off. Switch it on first: a replay goes the same way.");
    if (replays_.contains(id) || unresumed_.contains(id) || leaving_.contains(id))
      return fail("A replay of this destination is running. Wait for it, or cancel it.");
    destination = live->second;
  }
  const journal::PositionRange span = journal_.received_between(from_ms, to_ms);
  journal_.hold(holder_of(id), span.from);
  const Replay replay{{from_ms, to_ms, span.to, clock_.wall_ms()},
                      journal_.count_at_most(destination.environment_id, span.from, span.to).bytes};
  remove_sink_folder(files_, sink_folder(data_directory_, id, SinkFolder::replay));  // what a crash left of another
  auto begun = replay_files_.begin(id, replay, span.from);
  auto runner = begun ? make_runner(destination, replay) : tl::unexpected(begun.error());
  if (!runner || !*runner) {
    journal_.drop_hold(holder_of(id));
    replay_files_.remove(id);  // or the next start would resume it, though its owner was told that there is none
    return runner ? fail("The replay cannot be begun: its cursor cannot be read.") : tl::unexpected(runner.error());
  }
  const std::lock_guard lock(mutex_);
  replays_.emplace(id, std::move(*runner));
  last_[id] = {replay, ReplayState::running, 0, 0, 0, {}};
  return *status_locked(id);
}

bool Replays::cancel(ObjectId id) {
  std::shared_ptr<Runner> cancelled;
  {
    const std::lock_guard changing(change_mutex_);
    {
      const std::lock_guard lock(mutex_);
      const auto found = replays_.find(id);
      if (found == replays_.end() && unresumed_.erase(id) == 0) return false;
      if (auto status = status_locked(id)) {
        status->state = ReplayState::cancelled;
        last_[id] = *status;
      }
      if (found != replays_.end()) {
        cancelled = found->second;
        leaving_[id] = cancelled;
        replays_.erase(found);
      }
    }
    replay_files_.remove(id);
    if (cancelled) cancelled->begin_stop();
  }
  // Without the lock: calls in flight may take seconds. Until it is over, start() refuses another one.
  if (cancelled) cancelled->stop();
  const std::lock_guard changing(change_mutex_);
  journal_.drop_hold(holder_of(id));
  replay_files_.remove(id);  // its last cursor
  remove_sink_folder(files_, sink_folder(data_directory_, id, SinkFolder::replay));
  retire(id, cancelled.get());
  return true;
}

void Replays::attach(const catalog::Destination& destination) {
  const std::lock_guard changing(change_mutex_);
  const std::lock_guard lock(mutex_);
  running_.insert_or_assign(destination.id, destination);
  if (!replays_.contains(destination.id)) unresumed_.try_emplace(destination.id);
}

void Replays::detach(ObjectId id) {
  const std::lock_guard changing(change_mutex_);
  const std::lock_guard lock(mutex_);
  running_.erase(id);
  unresumed_.erase(id);
  const auto found = replays_.find(id);
  if (found == replays_.end()) return;
  found->second->begin_stop();
  leaving_[id] = std::move(found->second);
  replays_.erase(found);
}

void Replays::finish_detach(ObjectId id, bool gone) {
  std::shared_ptr<Runner> leaving;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = leaving_.find(id); found != leaving_.end()) leaving = found->second;
  }
  if (leaving) leaving->stop();
  retire(id, leaving.get());
  if (gone) journal_.drop_hold(holder_of(id));
}

// It has stopped: what it delivered is kept, once.
void Replays::retire(ObjectId id, const Runner* stopped) {
  const std::lock_guard lock(mutex_);
  const auto found = leaving_.find(id);
  if (stopped == nullptr || found == leaving_.end() || found->second.get() != stopped) return;
  exporting::add_delivered(retired_, stopped->destination(), stopped->pipeline_status()->delivered_by_kind);
  leaving_.erase(found);
}

// Of destinations that began to run: a replay resumes where it was. One that the disk prevents is tried again.
bool Replays::resume() {
  std::vector<ObjectId> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = keys_of(unresumed_);
  }
  for (const ObjectId id : waiting) resume_one(id);
  return !waiting.empty();
}

void Replays::resume_one(ObjectId id) {
  const std::lock_guard changing(change_mutex_);
  catalog::Destination destination;
  {
    const std::lock_guard lock(mutex_);
    if (!unresumed_.contains(id)) return;
    destination = running_.at(id);
  }
  const auto unfinished = replay_files_.find(id);
  if (unfinished && !*unfinished) {
    const std::lock_guard lock(mutex_);
    unresumed_.erase(id);
    return;
  }
  // Its kind was changed to one without replays: what forwards payloads must not repeat them.
  const bool unwanted = unfinished && destination.wants_originals;
  auto replay = !unfinished ? tl::unexpected(unfinished.error())
                : unwanted  ? Result<std::unique_ptr<Runner>>(nullptr)
                            : make_runner(destination, **unfinished);
  const bool lost = replay && !*replay;
  {
    const std::lock_guard lock(mutex_);
    if (!replay) {
      std::string& reason = unresumed_[id];
      if (reason == replay.error().message) return;
      reason = replay.error().message;
      log_warn("replay.waits", {{"destination", destination.name}, {"reason", reason}});
      return;
    }
    unresumed_.erase(id);
    last_[id] = {**unfinished, lost ? ReplayState::cancelled : ReplayState::running, 0, 0, 0, {}};
    if (!lost) replays_.emplace(id, std::move(*replay));
  }
  if (!lost) return;
  log_warn("replay.given_up", {{"destination", destination.name},
                               {"reason", unwanted ? "its kind has no replays" : "its cursor is damaged"}});
  journal_.drop_hold(holder_of(id));
  replay_files_.remove(id);
}

// What is done goes, with its files.
bool Replays::end_finished() {
  std::vector<ObjectId> finished;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, runner] : replays_)
      if (runner->pipeline_status()->finished) finished.push_back(id);
  }
  for (const ObjectId id : finished) end_one(id);
  return !finished.empty();
}

void Replays::end_one(ObjectId id) {
  const std::lock_guard changing(change_mutex_);
  std::shared_ptr<Runner> done;
  {
    const std::lock_guard lock(mutex_);
    const auto found = replays_.find(id);
    if (found == replays_.end()) return;  // cancelled meanwhile
    done = found->second;
  }
  done->stop();  // nothing is in flight
  {
    const std::lock_guard lock(mutex_);
    if (auto status = status_locked(id)) {
      status->state = ReplayState::done;
      status->fraction = 1;
      const bool failed = status->dead_lettered_events > 0;
      (failed ? log_warn : log_info)("replay.done", {{"destination", done->destination().name},
                                                     {"delivered", status->delivered_events},
                                                     {"dead_lettered", status->dead_lettered_events}});
      last_[id] = *status;
    }
    leaving_[id] = done;
    replays_.erase(id);
  }
  retire(id, done.get());
  journal_.drop_hold(holder_of(id));
  replay_files_.remove(id);
  remove_sink_folder(files_, sink_folder(data_directory_, id, SinkFolder::replay));
}

void Replays::begin_stop_all() {
  const std::lock_guard lock(mutex_);
  for (const auto* all : {&replays_, &leaving_})
    for (const auto& [id, runner] : *all) runner->begin_stop();
}

void Replays::stop_all() {
  const std::lock_guard changing(change_mutex_);
  std::vector<std::shared_ptr<Runner>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, runner] : replays_) all.push_back(runner);
  }
  for (const auto& runner : all) runner->stop();
}

void Replays::forget(ObjectId id) {
  const std::lock_guard changing(change_mutex_);
  journal_.drop_hold(holder_of(id));
  replay_files_.remove(id);
}

std::optional<ReplayStatus> Replays::status(ObjectId id) const {
  const std::lock_guard lock(mutex_);
  return status_locked(id);
}

std::optional<ReplayStatus> Replays::status_locked(ObjectId id) const {
  const auto last = last_.find(id);
  if (last == last_.end()) return std::nullopt;
  ReplayStatus status = last->second;
  const auto running = replays_.find(id);
  if (running == replays_.end()) return status;
  const std::shared_ptr<const PipelineStatus> pipeline = running->second->pipeline_status();
  status.delivered_events = pipeline->balance.delivered;
  status.dead_lettered_events = pipeline->balance.dead_lettered;
  status.problem = pipeline->problem;
  status.fraction =
      status.replay.bytes == 0
          ? 0
          : 1 - std::min(1.0, static_cast<double>(pipeline->waiting_bytes) / static_cast<double>(status.replay.bytes));
  return status;
}

void Replays::add_delivered(std::map<ObjectId, Delivered>& to) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, sums] : retired_) {
    Delivered& all = to[id];
    all.project_key = sums.project_key;
    all.environment_key = sums.environment_key;
    for (std::size_t kind = 0; kind < sums.by_kind.size(); ++kind) all.by_kind[kind] += sums.by_kind[kind];
  }
  for (const auto* all : {&replays_, &leaving_})
    for (const auto& [id, runner] : *all)
      exporting::add_delivered(to, runner->destination(), runner->pipeline_status()->delivered_by_kind);
}

}  // namespace sluice::exporting
