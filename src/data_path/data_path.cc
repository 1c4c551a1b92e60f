#include "data_path/data_path.h"

#include <utility>

#include "base/log.h"
#include "export/remembered_places.h"

namespace sluice::data_path {

DataPath::DataPath(DataPathSettings settings, Parts parts) : settings_(std::move(settings)), parts_(std::move(parts)) {}

// The journal's answers go to intake, which must be there until the last.
DataPath::~DataPath() {
  exporter_.reset();
  if (intake_) intake_->stop();
  if (journal_) journal_->close();
}

Result<std::unique_ptr<DataPath>> DataPath::open(DataPathSettings settings, Parts parts) {
  std::unique_ptr<DataPath> path(new DataPath(std::move(settings), std::move(parts)));
  if (auto opened = path->open_stores(); !opened) {
    if (path->journal_) path->journal_->close();  // which may end the process: not in the destructor
    return tl::unexpected(opened.error());
  }
  return path;
}

Result<void> DataPath::open_stores() {
  const std::string& directory = settings_.data_directory;
  const journal::Position remembered = exporting::remembered_end(parts_.files, directory, parts_.sealed_in);
  auto journal = journal::Journal::open(directory + "/journal", settings_.journal, parts_.files, parts_.clock,
                                        parts_.workers, remembered);
  if (!journal) return tl::unexpected(journal.error());
  journal_ = std::move(*journal);
  auto flag_store = flags::FlagStore::open(directory, flags_, parts_.files, parts_.workers);
  if (!flag_store) return tl::unexpected(flag_store.error());
  flag_store_ = std::move(*flag_store);
  exporter_ = std::make_unique<exporting::Exporter>(*journal_, parts_.files, parts_.clock, directory, parts_.make_sink,
                                                    parts_.workers);
  exporter_->when_payloads_are_wanted(
      [this](std::set<ObjectId> environments) { catalog_.keep_originals_of(std::move(environments)); });
  intake_dead_letters_ = std::make_unique<intake::IntakeDeadLetters>(parts_.files, directory + "/dead-letters",
                                                                     settings_.intake, intake_metrics_, parts_.workers);
  intake_ =
      std::make_unique<intake::Intake>(catalog_, flags_, *journal_, parts_.clock, intake_metrics_,
                                       *intake_dead_letters_, settings_.intake, parts_.common_answers, parts_.workers);
  return {};
}

Result<void> DataPath::start(const catalog::CatalogPointer& catalog, DeletedDestinations deleted,
                             const event::EventIdSecret& secret) {
  deleted_ = deleted;
  intake_->event_id_secret = secret;
  exporter_->hold_delivery();
  exporter_->set_aside_all_but(*catalog);
  // In a configuration file, a destination without a place may be new.
  if (deleted_ == DeletedDestinations::forget) exporter_->expect_places(*catalog);
  exporter_->repair_cursors(parts_.sealed_in);
  // A destination that cannot start is shown as blocked and tried again: the others, and intake, do not wait for it.
  if (auto applied = exporter_->apply(*catalog); !applied)
    log_error("export.not_all_started", {{"reason", applied.error().message}});
  journal_->drop_hold(journal::kStartingHold);  // each destination has its own now
  flags_.apply(*catalog);
  catalog_.publish(catalog);
  return {};
}

void DataPath::publish(const catalog::CatalogPointer& catalog) {
  const catalog::CatalogPointer before = catalog_.current();
  if (!before || !catalog->has_destinations_of(*before)) {
    const std::lock_guard lock(deleted_mutex_);
    if (before)
      for (const catalog::Destination& destination : before->destinations()) to_forget_.insert(destination.id);
    for (const catalog::Destination& destination : catalog->destinations()) to_forget_.erase(destination.id);
    // From the first payload that comes without it on.
    if (before && deleted_ == DeletedDestinations::set_aside)
      for (const catalog::Destination& destination : before->destinations())
        if (to_forget_.contains(destination.id)) exporter_->will_be_set_aside(destination);
  }
  flags_.apply(*catalog);
  catalog_.publish(catalog);
  exporter_->fence(catalog);
}

Result<void> DataPath::settle() {
  const catalog::CatalogPointer catalog = catalog_.current();
  if (settled_ && catalog->has_destinations_of(*settled_)) return {};
  const auto applied = exporter_->apply(*catalog);
  // Not before: a pipeline that still runs would write its files again. Of what was deleted since, it does.
  std::set<ObjectId> deleted;
  {
    const std::lock_guard lock(deleted_mutex_);
    deleted = to_forget_;
    for (const catalog::Destination& destination : catalog->destinations()) deleted.erase(destination.id);
    for (const ObjectId& id : deleted) to_forget_.erase(id);
  }
  if (deleted_ == DeletedDestinations::set_aside) {
    for (const ObjectId& id : deleted) exporter_->set_aside(id);
  } else if (!deleted.empty()) {
    const std::set<ObjectId> forgotten = exporter_->forget(deleted);
    if (deleted_for_good) deleted_for_good(forgotten);
    if (forgotten != deleted) {
      const std::lock_guard lock(deleted_mutex_);
      for (const ObjectId& id : deleted)
        if (!forgotten.contains(id)) to_forget_.insert(id);
    }
  }
  if (applied) settled_ = catalog;
  return applied;
}

void DataPath::drain(std::int64_t deadline_ms) { exporter_->drain(deadline_ms); }

void DataPath::close() {
  intake_->stop();
  flag_store_->close();
  journal_->close();
}

}  // namespace sluice::data_path
