// What a destination misses while it is off. It holds nothing of the journal back then, so retention may give up events
// that it has not had; here they are counted, and its cursor is moved past them, so that its balance still comes out
// when it is switched on again. What its sink has sealed (export/sealed_events.h) may be among them: the cursor stays
// before it, so that the pipeline waits for its delivery then, and takes it back (BalanceKeeper::found()). One thread
// at a time.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "catalog/snapshot.h"
#include "export/balance.h"
#include "export/sealed_events.h"
#include "journal/cursor_store.h"
#include "journal/journal.h"

namespace sluice::exporting {

class PausedDestination {
 public:
  // Of a destination that has a cursor and does not run. `sealed`: by its sink. An error: its cursor cannot be read.
  static Result<std::optional<PausedDestination>> begin(const catalog::Destination& destination,
                                                        const std::string& cursor_directory, journal::Journal& journal,
                                                        storage::FileSystem& files,
                                                        const std::vector<SealedEvents>& sealed = {});

  // Counts what was given up since the last look, and saves. What is given up between the last look and the death of
  // the process is not counted, so look often: it costs nothing while nothing is given up. After an error, which says
  // why the cursor cannot be saved, the next look counts it all once more.
  Result<void> sample();
  const catalog::Destination& destination() const { return destination_; }
  const journal::Cursor& cursor() const { return cursor_; }
  // Over its life, with what waits for it in the journal.
  Balance balance() const;

 private:
  PausedDestination(const catalog::Destination& destination, journal::Journal& journal,
                    std::unique_ptr<journal::CursorFile> cursor_file);
  std::optional<std::uint64_t> finished_of_first_entry() const;  // nothing: it cannot be read
  void start_from(journal::Position from);
  void count_waiting();
  void keep_before(const std::vector<SealedEvents>& sealed);  // the cursor, from now on

  catalog::Destination destination_;
  journal::Journal* journal_;
  // Stays open: what was missed is written down also while the disk fails to read.
  std::unique_ptr<journal::CursorFile> cursor_file_;
  journal::Cursor cursor_;
  journal::Position counted_to_;  // what was given up before it is counted
  std::optional<journal::Position> first_sealed_;
  std::uint64_t waiting_at_start_ = 0, appended_at_start_ = 0;
  bool exact_ = true;  // false: the journal could not be read; waiting_at_start_ is not less, and is counted again
};

}  // namespace sluice::exporting
