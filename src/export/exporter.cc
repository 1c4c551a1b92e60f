#include "export/exporter.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/log.h"
#include "export/not_started.h"
#include "export/selection.h"
#include "export/sink_folder.h"

namespace sluice::exporting {
namespace {

constexpr std::int64_t kWatchIntervalUs = 1'000'000;
// While somebody reads the status, it is taken again this often at most: 2,000 destinations cost some milliseconds.
constexpr std::int64_t kPublishIntervalUs = 100'000;
// Less room than this part of the journal: whoever holds the oldest entries lets go of what it only collects.
constexpr std::uint64_t kShortOfRoomPart = 10;
constexpr std::int64_t kDrainLookUs = 20'000;
// Names of files are a destination's id and one of these (export/dead_letter_file.h).
constexpr std::string_view kDeadLetterSuffix = ".ndjson";

}  // namespace

Exporter::Exporter(journal::Journal& journal, storage::FileSystem& files, const Clock& clock,
                   std::string data_directory, SinkFactory make_sink, Workers& workers)
    : journal_(journal),
      files_(files),
      clock_(clock),
      data_directory_(std::move(data_directory)),
      make_sink_(std::move(make_sink)),
      workers_(workers),
      places_(journal, files, clock, data_directory_),
      set_aside_(journal, files, clock, data_directory_),
      reach_(journal, files, data_directory_),
      histories_(files, clock, data_directory_ + "/history"),
      replays_(journal, files, clock, data_directory_, make_sink_, workers),
      paused_(journal, files, data_directory_ + "/cursors",
              [this](ObjectId destination) { return places_.sealed_of(destination); }) {
  places_.journal_had_reached(journal_reached(files, data_directory_));
  watch_ = workers_.start("export-watch", watch_notifier_, [this] { return watch_step(); });
}

Exporter::~Exporter() {
  watch_stops_ = true;
  watch_notifier_.notify();
  watch_->join();
  // All at once, so that one slow answer does not hold up the next.
  for (const auto& [id, runner] : runners_) runner->begin_stop();
  replays_.begin_stop_all();
  replays_.stop_all();
}

std::int64_t Exporter::watch_step() {
  if (watch_stops_) return kWorkerDone;
  if (begins_delivery_.exchange(false)) start_held();
  const std::int64_t now_us = clock_.steady_us(), as_of_ms = clock_.wall_ms();
  if (now_us >= sample_at_us_) {
    histories_.keep(Histories::Save::when_due);
    for (const auto& runner : running()) runner->sample();
    settle_again();
    paused_.sample();
    set_aside_.sample();
    reach_.save();
    flush_if_journal_is_short();
    replays_.resume();
    replays_.end_finished();
    asked_ = false;
    publish_status(as_of_ms);
    sample_at_us_ = now_us + kWatchIntervalUs;
    publish_at_us_ = now_us + kPublishIntervalUs;
  } else if (asked_ && now_us >= publish_at_us_) {
    asked_ = false;
    for (const auto& runner : running()) runner->refresh();
    replays_.end_finished();
    publish_status(as_of_ms);
    publish_at_us_ = now_us + kPublishIntervalUs;
  }
  const std::int64_t next_us = asked_ ? std::min(sample_at_us_, publish_at_us_) : sample_at_us_;
  return std::max<std::int64_t>(next_us - clock_.steady_us(), 0);
}

// An object or a batch that is not full yet keeps its events in the journal. Once that has no room, no payload is taken
// any more, so nothing would come that could fill it.
void Exporter::flush_if_journal_is_short() {
  const journal::JournalStats journal = journal_.stats();
  if (journal.free_bytes >= journal.capacity_bytes / kShortOfRoomPart) return;
  const auto all = running();
  journal::Position oldest{UINT64_MAX};
  for (const auto& runner : all) oldest = std::min(oldest, runner->pipeline_status()->position);
  if (oldest == journal_.end()) return;
  for (const auto& runner : all)
    if (runner->pipeline_status()->position == oldest) runner->flush();
}

DestinationList Exporter::status() const {
  if (!asked_.exchange(true)) watch_notifier_.notify();
  return DestinationList(status_.get());
}

std::vector<std::shared_ptr<Runner>> Exporter::running() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Runner>> all;
  all.reserve(runners_.size());
  for (const auto& [id, runner] : runners_) all.push_back(runner);
  return all;
}

void Exporter::hold_delivery() {
  const std::lock_guard lock(mutex_);
  delivering_ = false;
}

void Exporter::begin_delivery() {
  begins_delivery_ = true;
  watch_notifier_.notify();
}

void Exporter::start_held() {
  {
    const std::lock_guard lock(mutex_);
    delivering_ = true;  // runners created from now on start immediately
  }
  for (const auto& runner : running()) runner->start();
}

Result<void> Exporter::apply(const catalog::CatalogSnapshot& snapshot) {
  while (applying_.exchange(true)) applying_.wait(true);
  finish_leaving(snapshot, take_leaving(snapshot));
  applied_ = snapshot.destinations();
  const Result<void> outcome = settle(applied_);
  applying_ = false;
  applying_.notify_all();
  replays_.resume();
  publish_status();
  return outcome;
}

void Exporter::fence(const catalog::CatalogPointer& newest) {
  std::vector<std::shared_ptr<Runner>> changed;
  {
    const std::lock_guard lock(mutex_);
    const bool known = newest_ && newest->has_destinations_of(*newest_);
    newest_ = newest;
    if (known) return;  // the last call saw to them
    std::map<ObjectId, const catalog::Destination*> declared;
    for (const catalog::Destination& destination : newest->destinations())
      declared.emplace(destination.id, &destination);
    for (const auto& [id, runner] : runners_) {
      const auto same = declared.find(id);
      if (same == declared.end() || *same->second != runner->destination()) changed.push_back(runner);
    }
  }
  for (const auto& runner : changed) runner->fence();
}

bool Exporter::superseded(const catalog::Destination& destination) const {
  if (!newest_) return false;
  const auto& all = newest_->destinations();
  const auto same = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.id == destination.id; });
  return same == all.end() || *same != destination;
}

// What the disk refused is tried again, also when nobody changes the catalog.
void Exporter::settle_again() {
  if (applying_.exchange(true)) return;
  if (!settled_) (void)settle(applied_);
  applying_ = false;
  applying_.notify_all();
}

Result<void> Exporter::settle(const Destinations& destinations) {
  std::map<ObjectId, Error> failed = set_aside_.take_back(
      destinations, [this](const catalog::Destination& destination) { return places_.came_back(destination); });
  for (const catalog::Destination& destination : destinations)
    if (destination.on) places_.is_on(destination.id);
  settle_off(destinations, failed);
  for (const catalog::Destination& destination : destinations) {
    if (!destination.on || failed.contains(destination.id)) continue;
    {
      const std::lock_guard lock(mutex_);
      if (runners_.contains(destination.id)) continue;
    }
    if (auto started = start(destination); !started) failed.emplace(destination.id, started.error());
  }
  park(failed, destinations);
  settled_ = failed.empty();
  if (settled_) return {};
  return tl::unexpected(failed.begin()->second);
}

// Not before what they miss is counted are their places given up. One that is switched on again must not start before
// what it missed is in its cursor.
void Exporter::settle_off(const Destinations& destinations, std::map<ObjectId, Error>& failed) {
  std::map<ObjectId, catalog::Destination> off;
  for (const catalog::Destination& destination : destinations) {
    if (destination.on) continue;
    off.emplace(destination.id, destination);
    if (failed.contains(destination.id)) continue;
    if (auto restored = places_.restore_if_lost(destination); !restored)
      failed.emplace(destination.id, restored.error());
  }
  failed.merge(paused_.set(off));
  std::map<ObjectId, Problem> unknown;
  for (const auto& [id, destination] : off) {
    if (const auto why = failed.find(id); why != failed.end()) {
      places_.cannot_be_read(id);
      const auto before = unknown_places_.find(id);
      unknown.emplace(
          id, place_unknown_note(destination, why->second, before != unknown_places_.end() ? &before->second : nullptr,
                                 clock_.wall_ms()));
    } else {
      places_.is_off(id);
    }
    set_aside_.has_its_place(id);
  }
  const std::lock_guard lock(mutex_);
  unknown_places_ = std::move(unknown);
}

// They hold what they need of the journal, and are shown with what is in their way.
void Exporter::park(const std::map<ObjectId, Error>& failed, const Destinations& destinations) {
  const std::int64_t now_ms = clock_.wall_ms();
  std::map<ObjectId, std::shared_ptr<const DestinationStatus>> parked;
  for (const catalog::Destination& destination : destinations) {
    const auto why = failed.find(destination.id);
    if (why == failed.end() || !destination.on) continue;
    places_.cannot_be_read(destination.id);
    set_aside_.has_its_place(destination.id);
    std::shared_ptr<const DestinationStatus> before;
    {
      const std::lock_guard lock(mutex_);
      if (const auto found = parked_.find(destination.id); found != parked_.end()) before = found->second;
    }
    // Where it stands is not known, or cannot be read: at most what the journal holds waits.
    const journal::EnvironmentMark mark = journal_.mark(destination.environment_id);
    const journal::JournalCount waiting =
        journal_.count_at_most(destination.environment_id, journal_.oldest(), mark.end);
    auto status =
        not_started_status(destination, why->second, selected(destination, waiting.events), before.get(), now_ms);
    status->dead_letter_path = letter_path(destination.id, kDeadLetterSuffix);
    status->pipeline.notes = places_.notes(destination.id);
    parked.emplace(destination.id, std::move(status));
  }
  const std::lock_guard lock(mutex_);
  parked_ = std::move(parked);
}

// What goes or changes is told to stop, all at once, so that one slow answer does not hold up the next.
std::vector<std::shared_ptr<Runner>> Exporter::take_leaving(const catalog::CatalogSnapshot& snapshot) {
  std::map<ObjectId, const catalog::Destination*> declared;
  for (const catalog::Destination& destination : snapshot.destinations())
    declared.emplace(destination.id, &destination);
  std::vector<std::shared_ptr<Runner>> leaving;
  {
    const std::lock_guard lock(mutex_);
    for (auto at = runners_.begin(); at != runners_.end();) {
      const auto same = declared.find(at->first);
      if (same != declared.end() && same->second->on && *same->second == at->second->destination() &&
          !at->second->is_stopping()) {
        ++at;
        continue;
      }
      leaving.push_back(at->second);
      leaving_[at->first] = std::move(at->second);
      at = runners_.erase(at);
    }
    off_.clear();
    std::erase_if(parked_, [&](const auto& each) {
      const auto same = declared.find(each.first);
      return same == declared.end() || !same->second->on;
    });
    for (const catalog::Destination& destination : snapshot.destinations()) {
      if (destination.on) continue;
      auto status = std::make_shared<DestinationStatus>();
      status->destination = destination;
      histories_.of(destination.id);
      off_.emplace(destination.id, std::move(status));
    }
  }
  for (const auto& runner : leaving) {
    runner->begin_stop();
    replays_.detach(runner->destination().id);  // it resumes with the destination
  }
  return leaving;
}

void Exporter::finish_leaving(const catalog::CatalogSnapshot& snapshot,
                              const std::vector<std::shared_ptr<Runner>>& leaving) {
  std::set<ObjectId> on, off;
  for (const catalog::Destination& destination : snapshot.destinations())
    (destination.on ? on : off).insert(destination.id);
  for (const auto& runner : leaving) {
    const ObjectId id = runner->destination().id;
    const bool comes_back = on.contains(id);
    replays_.finish_detach(id, !comes_back);
    runner->stop();
    runner->sample_last();
    if (!comes_back) places_.stopped(id);
    if (off.contains(id)) places_.acknowledged(id);
    const std::lock_guard lock(mutex_);
    add_delivered(retired_, runner->destination(), runner->pipeline_status()->delivered_by_kind);
    leaving_.erase(id);
  }
}

Result<void> Exporter::start(const catalog::Destination& destination) {
  auto cursor_file = places_.open(destination);
  if (!cursor_file) return tl::unexpected(cursor_file.error());
  std::shared_ptr<DeadLetterFile> letters = letter_file(destination.id);
  // A retry that a crash interrupted; not while one runs, which brings them back itself.
  if (letters.use_count() == 2)
    if (auto back = letters->bring_back(); !back)
      log_warn("export.dead_letters_aside", {{"destination", destination.name}, {"reason", back.error().message}});
  places_.started(destination.id);
  std::vector<Problem> notes = places_.notes(destination.id);
  auto runner = std::make_shared<Runner>(destination, journal_, std::move(*cursor_file), clock_, std::move(letters),
                                         make_sink_, workers_, histories_.of(destination.id),
                                         std::optional<ReplayRange>(), std::move(notes), &cursor_syncs_);
  set_aside_.has_its_place(destination.id);
  log_info("destination.started", {{"destination", destination.name},
                                   {"id", destination.id.hex()},
                                   {"kind", destination.kind},
                                   {"target", destination.target},
                                   {"waiting", runner->status()->pipeline.balance.waiting}});
  bool late;
  {
    const std::lock_guard lock(mutex_);
    late = superseded(destination);
    if (!late) runners_.emplace(destination.id, runner);
    if (late || !delivering_) runner = nullptr;
  }
  if (late) {  // the apply() that comes starts it, with its newest settings
    places_.stopped(destination.id);
    return {};
  }
  if (runner) runner->start();
  replays_.attach(destination);
  return {};
}

Result<ReplayStatus> Exporter::start_replay(ObjectId id, std::int64_t from_ms, std::int64_t to_ms) {
  auto started = replays_.start(id, from_ms, to_ms);
  if (started) publish_status();
  return started;
}

bool Exporter::cancel_replay(ObjectId id) {
  if (!replays_.cancel(id)) return false;
  publish_status();
  return true;
}

std::string Exporter::letter_path(ObjectId destination, std::string_view suffix) const {
  return data_directory_ + "/dead-letters/" + destination.hex().append(suffix);
}

std::shared_ptr<DeadLetterFile> Exporter::letter_file(ObjectId destination) {
  const std::lock_guard lock(mutex_);
  auto& file = letter_files_[destination];
  if (!file)
    file = std::make_shared<DeadLetterFile>(letter_path(destination, kDeadLetterSuffix), destination, files_, clock_);
  return file;
}

Result<DeadLetterRetry> Exporter::retry_dead_letters(ObjectId id, const std::atomic<bool>& stopping) {
  catalog::Destination destination;
  {
    const std::lock_guard lock(mutex_);
    const auto live = runners_.find(id);
    if (live == runners_.end()) return fail("The destination is off. Switch it on first: a retry goes the same way.");
    destination = live->second->destination();
  }
  const std::shared_ptr<DeadLetterFile> letters = letter_file(id);
  return sluice::exporting::retry_dead_letters(destination, *letters, files_, make_sink_, clock_, stopping, workers_);
}

void Exporter::expect_places(const catalog::CatalogSnapshot& snapshot) {
  std::set<ObjectId> expected;
  for (const catalog::Destination& destination : snapshot.destinations())
    if (destination.on && !destination.from_oldest) expected.insert(destination.id);
  places_.expect_places(std::move(expected));
}

void Exporter::repair_cursors(SealedInFolder sealed_in) {
  places_.repair(data_directory_ + "/" + std::string(kSetAsideFolder), std::move(sealed_in));
  reach_.begin();
  StartPlaces::pull_back_all(replays_.directory(), journal_, files_);
}

std::set<ObjectId> Exporter::forget(const std::set<ObjectId>& destinations) {
  const auto no_more_kept = histories_.forget(destinations);
  {
    const std::lock_guard lock(mutex_);
    for (const ObjectId id : destinations) letter_files_.erase(id);
  }
  std::set<ObjectId> left;
  for (const ObjectId id : destinations) {
    replays_.forget(id);
    places_.left(id);
    for (const SinkFolder which : {SinkFolder::delivery, SinkFolder::replay})
      if (!remove_sink_folder(files_, sink_folder(data_directory_, id, which))) left.insert(id);
  }
  left.merge(set_aside_.forget(destinations));
  std::set<ObjectId> forgotten;
  std::ranges::set_difference(destinations, left, std::inserter(forgotten, forgotten.end()));
  return forgotten;
}

void Exporter::set_aside(ObjectId destination) {
  {
    const std::lock_guard lock(mutex_);
    letter_files_.erase(destination);
  }
  set_aside_.put(destination);
  places_.left(destination);  // not before: in between retention could give up what it needs
  publish_status();
}

void Exporter::set_aside_all_but(const catalog::CatalogSnapshot& snapshot) { set_aside_.begin(snapshot); }

void Exporter::drain(std::int64_t deadline_ms) {
  const std::int64_t deadline_us = clock_.steady_us() + deadline_ms * 1000;
  const auto all = running();
  const auto drained = [&all, since_us = clock_.steady_us()] {
    return std::all_of(all.begin(), all.end(), [since_us](const auto& runner) { return runner->drained(since_us); });
  };
  for (const auto& runner : all) runner->flush();
  while (!drained() && clock_.steady_us() < deadline_us) workers_.pause_us(kDrainLookUs);
  for (const auto& runner : all) runner->begin_stop();
  replays_.begin_stop_all();
  for (const auto& runner : all) runner->stop();
  replays_.stop_all();
  paused_.sample();
  for (const auto& runner : all) runner->sample_last();
  histories_.keep(Histories::Save::now);
  reach_.save();
  publish_status();
}

void Exporter::publish_status(std::optional<std::int64_t> as_of_ms) {
  const std::lock_guard publishing(publish_mutex_);
  auto status = std::make_shared<ExportStatus>();
  status->as_of_ms = as_of_ms.value_or(status_.get()->as_of_ms);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, runner] : runners_) status->destinations[id] = {runner->status(), histories_.of(id)};
    for (auto* all : {&off_, &parked_})
      for (auto& [id, shown] : *all) {
        const std::shared_ptr<SharedHistory> history = histories_.of(id);
        if (const std::int64_t last_ms = history->last_delivery_ms(); last_ms != shown->last_delivery_ms) {
          auto delivered_before = std::make_shared<DestinationStatus>(*shown);
          delivered_before->last_delivery_ms = last_ms;
          shown = std::move(delivered_before);
        }
        status->destinations[id] = {shown, history};
      }
    status->delivered = retired_;
    for (const auto* all : {&runners_, &leaving_})
      for (const auto& [id, runner] : *all)
        add_delivered(status->delivered, runner->destination(), runner->pipeline_status()->delivered_by_kind);
  }
  for (auto& [id, entry] : status->destinations) {
    auto replay = replays_.status(id);
    if (!replay) continue;
    auto with_replay = std::make_shared<DestinationStatus>(*entry.status);
    with_replay->replay = std::move(replay);
    entry.status = std::move(with_replay);
  }
  for (auto& [id, entry] : status->destinations)
    if (!entry.status->destination.on) entry.status = off_status(*entry.status);
  replays_.add_delivered(status->delivered);
  status->set_aside = set_aside_.list();
  status_.set(std::move(status));
}

// What an off destination has had and missed in its life, and what waits for it: nobody delivers it now.
std::shared_ptr<const DestinationStatus> Exporter::off_status(const DestinationStatus& off) const {
  auto status = std::make_shared<DestinationStatus>(off);
  for (Problem& note : places_.notes(off.destination.id)) status->pipeline.notes.push_back(std::move(note));
  {
    const std::lock_guard lock(mutex_);
    if (const auto unknown = unknown_places_.find(off.destination.id); unknown != unknown_places_.end())
      status->pipeline.notes.push_back(unknown->second);
  }
  if (const auto known = paused_.balance(off.destination.id)) {
    status->pipeline.balance = known->balance;
    status->pipeline.delivered_bytes = known->delivered_bytes;
    status->pipeline.dead_lettered_bytes = known->dead_lettered_bytes;
  }
  status->dead_letter_path = letter_path(off.destination.id, kDeadLetterSuffix);
  return status;
}

std::shared_ptr<const DestinationStatus> Exporter::status(ObjectId id) const {
  const auto all = status_.get();
  const auto found = all->destinations.find(id);
  return found == all->destinations.end() ? nullptr : found->second.status;
}

std::vector<HistoryStep> Exporter::history(ObjectId id, HistorySpan span) const {
  const auto all = status_.get();
  const auto found = all->destinations.find(id);
  if (found == all->destinations.end() || !found->second.history) return {};
  return found->second.history->steps(span, clock_.wall_ms());
}

}  // namespace sluice::exporting
