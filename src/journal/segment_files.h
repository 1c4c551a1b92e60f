// The journal's folder: segment files and their indexes, spare files to become segments, and the space they may take.
// Layout: docs/journal-format.md, "Folder". Any thread; slow work is done outside of its mutex.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "journal/extent.h"
#include "journal/journal.h"
#include "journal/segment_summary.h"
#include "journal/segment_table.h"
#include "storage/file_system.h"

namespace sluice::journal {

// Spare files kept at most; what retention frees beyond them goes back to the file system.
inline constexpr std::size_t kSpareLimit = 2;

class SegmentFiles {
 public:
  SegmentFiles(std::string directory, const JournalLimits& limits, storage::FileSystem& files);

  // open() only: the numbers of the segments there are, in order, and those of indexes without their segment. Removes
  // files that a crash left incomplete; finds the spares.
  struct Numbers {
    std::vector<std::uint64_t> segments, indexes_alone;
  };
  storage::FileResult<Numbers> scan();
  // Makes durable which files there are.
  storage::FileResult<void> sync_names();
  // Counts a segment found there as taking space.
  void count_in(std::uint64_t bytes);
  // A segment that cannot be read at all: set aside, for a person to inspect. Its index stays.
  void set_aside(std::uint64_t number);

  std::string segment_path(std::uint64_t number) const;
  std::string index_path(std::uint64_t number) const;
  storage::FileSystem& files() const { return files_; }
  const std::string& directory() const { return directory_; }

  // A spare's path; it is the caller's now. Waits for the helper's work under way, which is about to bring one or to
  // free room: to refuse an entry or give up a segment in that moment would be wrong.
  std::optional<std::string> take_spare();
  // Whether one more file would keep max_bytes and min_free_bytes.
  bool may_grow() const;
  // A new file, its blocks allocated.
  storage::FileResult<std::string> make();
  // A new spare, its blocks allocated and written once, which makes writing them again many times cheaper. Stops
  // writing early when take_spare() waits for it, and without a spare when `stop` turns true. Inside of a
  // Work.
  storage::FileResult<void> make_spare(const std::atomic<bool>& stop);
  // `path` becomes the segment of `header`: durable, name and all, when it returns. On failure it is a spare again.
  storage::FileResult<std::shared_ptr<storage::File>> activate(const std::string& path, const SegmentHeader& header);
  void add_spare(std::string path);
  // A segment given up becomes a spare, or is removed: `shrinks` says not to keep its file. `next_first_sequence`: of
  // the one that is the oldest then.
  void retire(const Segment& segment, std::uint64_t next_first_sequence, bool shrinks = false);
  // What the files have beyond max_bytes.
  std::uint64_t over_max_bytes() const;
  // Spares go, as long as there is more than max_bytes.
  void drop_spares_over_max();
  // The index of a segment whose file is gone. Nothing: none that is whole.
  struct Lost {
    SegmentHeader header;
    SegmentSummary summary;
  };
  std::optional<Lost> read_lost(std::uint64_t number);
  void remove_index(std::uint64_t number);
  ExtentFile& extent() { return extent_; }

  // `rows`: where each environment's rows came to lie in it.
  storage::FileResult<void> write_index(const SegmentHeader& header, const SegmentSummary& summary,
                                        std::vector<StoredRows>& rows);
  // Nothing when there is none, or none that can be read and is valid: it is derived, and created again.
  std::optional<SegmentSummary> read_index(const SegmentHeader& header);
  // Whether there is one, whole or not.
  bool has_index(std::uint64_t number);

  // While one lives, a spare or room may be about to come. On the helper's thread alone.
  class Work {
   public:
    explicit Work(SegmentFiles& files);
    ~Work();
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    SegmentFiles& files_;
  };

  std::size_t spares() const;
  std::uint64_t held_bytes() const;
  std::uint64_t free_bytes() const;  // on the file system; 0 when it does not say

 private:
  std::string new_name(const char* extension);
  storage::FileResult<void> write_zeros(storage::File& file, const std::atomic<bool>& stop);
  // With `stop`, zeros are written.
  storage::FileResult<std::string> make_file(const std::atomic<bool>* stop);
  void drop(const std::string& path, std::uint64_t bytes);

  const std::string directory_;
  const JournalLimits limits_;
  storage::FileSystem& files_;
  ExtentFile extent_;
  mutable std::mutex mutex_;
  std::condition_variable work_done_;
  bool working_ = false;
  std::atomic<bool> hurry_{false};
  std::vector<std::string> spares_;
  std::uint64_t held_bytes_ = 0;
  std::uint64_t next_name_ = 1;
};

}  // namespace sluice::journal
