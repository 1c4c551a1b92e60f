// What operators let slip between two lives of a process: a cursor or a segment that is gone, a catalog that is older
// than a destination.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>

#include "run.h"

namespace sluice::simulation {

void Run::lose_files() {
  switch (lost_random_.below(3)) {
    case 0:
      return lose_cursor();
    case 1:
      return lose_segment();
    default:
      if (ledger_.destinations.empty()) return;
      Tracked& destination = ledger_.destinations[lost_random_.below(ledger_.destinations.size())];
      // Without a tee, originals are not kept.
      if (!destination.deleted && destination.kind != Kind::tee) live_without(destination);
  }
}

void Run::lose_cursor() {
  if (ledger_.destinations.empty()) return;
  Tracked& destination = ledger_.destinations[lost_random_.below(ledger_.destinations.size())];
  const std::string path = "/data/cursors/" + destination.id.hex() + ".cursor";
  const std::string bytes = disk_->bytes(path);
  // A tee asks its owner first.
  if (destination.deleted || bytes.empty() || destination.kind == Kind::tee) return;
  constexpr std::size_t kCutAt = 40;
  switch (lost_random_.below(3)) {
    case 0:
      disk_->set_bytes(path, "");
      break;
    case 1:
      disk_->set_bytes(path, std::string(bytes.size(), '\0'));
      break;
    default:
      disk_->set_bytes(path, bytes.substr(0, kCutAt));
  }
  destination.replayed = destination.lost_cursor = true;
  lost_cursor_ = destination.id;
  ++happened_.lost_cursors;
  tell(fmt::format("the cursor of {} is lost", destination.name()));
}

// It starts at the oldest entry, which the ledger finds out, and says so.
void Run::check_lost_cursor() {
  if (lost_cursor_.is_zero()) return;
  const auto status = process_->exporter().status(lost_cursor_);
  if (!status || status->state == exporting::DestinationState::blocked) return;
  // One that is off is not blocked by a cursor that cannot be read or saved yet.
  const auto is_told = [&](const auto& note) {
    return note.code == "cursor_lost" ||
           (note.code == "place_unknown" && status->state == exporting::DestinationState::off);
  };
  if (std::ranges::none_of(status->pipeline.notes, is_told))
    broken_ = fmt::format("the cursor of {} was lost, and nothing says so", lost_cursor_.hex());
}

// Not the last one: of that, what a killed process wrote in its last seconds is known to nobody.
void Run::lose_segment() {
  std::vector<std::string> segments;
  for (const std::string& path : disk_->paths())
    if (path.ends_with(".segment")) segments.push_back(path);
  if (segments.size() < 2) return;
  std::sort(segments.begin(), segments.end());
  const std::string& path = segments[lost_random_.below(segments.size() - 1)];
  if (lost_random_.below(2) == 0)
    disk_->set_bytes(path, std::string(disk_->bytes(path).size(), '\0'));
  else
    disk_->set_bytes(path, disk_->bytes(path).substr(0, lost_random_.below(disk_->bytes(path).size())));
  ++happened_.flips;  // excuses what a rotten bit does
  ++happened_.lost_segments;
  tell("most of " + path + " is lost");
}

// A start with an older backup, which ends in order; then the right one is back.
void Run::live_without(Tracked& destination) {
  const auto first_segment = [this] {
    std::string first;
    for (const std::string& path : disk_->paths())
      if (path.ends_with(".segment") && (first.empty() || path < first)) first = path;
    return first;
  };
  // What is kept for it yields when the room is needed; also in a life that dies.
  struct Excuse {
    std::function<std::string()> first_segment;
    std::string first_before;
    Tracked& destination;
    Ledger& ledger;
    ~Excuse() {
      if (first_segment() == first_before) return;
      destination.was_off = true;
      destination.excused_until = ledger.now();
    }
  };
  std::unique_ptr<Excuse> excuse(new Excuse{first_segment, first_segment(), destination, ledger_});
  const std::string id = destination.id.hex();
  tell(fmt::format("a start does not know {}", destination.name()));
  ++happened_.unknown;
  database_.hide_destination(id);
  process_ = std::make_unique<Process>(World{*disk_, clock_, scheduler_, cloud_, database_}, limits_, intake_limits_,
                                       reads_flags_);
  usage_at_start_ = database_.usage();
  if (process_->start()) {
    ++happened_.restarts;
    note_start();
    const auto aside = process_->exporter().set_aside_destinations();
    const bool kept =
        std::any_of(aside.begin(), aside.end(), [&](const auto& each) { return each.id == destination.id; });
    if (!kept) broken_ = fmt::format("{} is not known, and not set aside", id);
    scheduler_.run_for(static_cast<std::int64_t>(lost_random_.below(2'000'000)));
    process_->stop(0);
    count_usage();
  } else {
    process_->give_up_start();
  }
  end_life();
  excuse.reset();
  const std::set<std::size_t> cut_off = std::exchange(in_flight_, {});
  for (const std::size_t payload : cut_off) answered(payload, 0);
  database_.unhide();
}

}  // namespace sluice::simulation
