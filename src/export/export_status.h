// What status, metrics, API and console read of export: immutable snapshots, built by export's watch once a second and
// after each change, swapped whole. Reading them takes no lock that a pipeline, the exporter or the journal works
// under.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/object_id.h"
#include "catalog/snapshot.h"
#include "event/kind.h"
#include "export/dead_letter_file.h"
#include "export/health.h"
#include "export/pipeline.h"
#include "export/replay.h"
#include "export/set_aside.h"
#include "export/shared_history.h"

namespace sluice::exporting {

// What /status, metrics and logs say of one destination.
struct DestinationStatus {
  catalog::Destination destination;
  DestinationState state = DestinationState::off;
  std::int64_t state_since_ms = 0;
  std::int64_t oldest_waiting_age_ms = 0;
  double accepted_per_s = 0, delivered_per_s = 0;  // recent_rates.h
  HistoryRates rates;
  PipelineStatus pipeline;            // all zero when it cannot start; of one that is off, its balance
  std::int64_t last_delivery_ms = 0;  // wall clock, whoever delivered it and when; 0: never
  std::optional<ReplayStatus> replay;
  std::string dead_letter_path;  // of the first of its files (export/dead_letter_file.h)
  // Of the dead letters that are kept now; nothing while it is off.
  std::optional<std::uint64_t> dead_letter_bytes;
  RotatedByCredential rotated_out{};  // dead letters that made room for newer ones; zero when it is off
};

// Events of one destination that were delivered since the process started, replays included.
struct Delivered {
  std::string project_key, environment_key;
  event::EventKindCounts by_kind{};
};

// All destinations at one moment. Never changes once it is published.
struct ExportStatus {
  struct Entry {
    std::shared_ptr<const DestinationStatus> status;
    std::shared_ptr<const SharedHistory> history;
  };
  std::map<ObjectId, Entry> destinations;
  std::vector<SetAsideDestination> set_aside;
  std::int64_t as_of_ms = 0;                // whatever was accepted before is in the counts (wall clock)
  std::map<ObjectId, Delivered> delivered;  // also of those that are gone, if they delivered anything
};

// The destinations of one ExportStatus, to walk over. Cheap to copy; keeps what it walks over alive.
class DestinationList {
 public:
  class Iterator {
   public:
    using Base = std::map<ObjectId, ExportStatus::Entry>::const_iterator;
    using iterator_category = std::forward_iterator_tag;
    using value_type = DestinationStatus;
    using difference_type = std::ptrdiff_t;
    using pointer = const DestinationStatus*;
    using reference = const DestinationStatus&;
    Iterator() = default;
    explicit Iterator(Base at) : at_(at) {}
    reference operator*() const { return *at_->second.status; }
    pointer operator->() const { return at_->second.status.get(); }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return Iterator(at_++); }
    bool operator==(const Iterator&) const = default;

   private:
    Base at_;
  };

  explicit DestinationList(std::shared_ptr<const ExportStatus> status) : status_(std::move(status)) {}
  Iterator begin() const { return Iterator(status_->destinations.begin()); }
  Iterator end() const { return Iterator(status_->destinations.end()); }
  std::size_t size() const { return status_->destinations.size(); }
  bool empty() const { return status_->destinations.empty(); }
  std::int64_t as_of_ms() const { return status_->as_of_ms; }

 private:
  std::shared_ptr<const ExportStatus> status_;
};

}  // namespace sluice::exporting
