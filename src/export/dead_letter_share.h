// The dead letters of one destination whose events came with one kind of credential: lines of JSON in `stem`.ndjson,
// behind those in `stem`.1.ndjson, which are older. When the newer file has half of the share's bytes it becomes the
// older one, and what that held is gone, counted in rotated_out(). So a share is never full.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/credential_kind.h"
#include "base/result.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// Letters that made room for newer ones, since the process started.
struct RotatedLetters {
  std::uint64_t letters = 0;
  std::uint64_t bytes = 0;
};

// Letters that lie aside while they are tried again (export/dead_letter_retry.h).
struct AsideLetters {
  std::string path;       // ….retrying
  std::string done_path;  // ….retried: how many of its bytes are done
  CredentialKind credential = CredentialKind::sdk_key;
};

// Any thread.
class DeadLetterShare {
 public:
  DeadLetterShare(std::string stem, CredentialKind credential, std::uint64_t limit_bytes, storage::FileSystem& files,
                  const Clock& clock);
  std::string path() const { return stem_ + ".ndjson"; }
  std::string older_path() const { return stem_ + ".1.ndjson"; }

  // Appends whole lines and syncs them, with one sync; opens the file at the first. An error says what is in the way:
  // nothing counts as kept then.
  Result<void> append(std::string_view lines);
  RotatedLetters rotated_out() const { return {rotated_letters_.load(), rotated_bytes_.load()}; }

  // Puts what there is aside, the older letters first, so that new letters go into a new file.
  Result<std::vector<AsideLetters>> put_aside();
  // Brings back what lies aside and is not done. What a crash interrupts comes back twice, never not at all.
  Result<void> bring_back();

 private:
  Result<void> open();
  Result<void> rotate();
  Result<bool> put_aside(const AsideLetters& aside, const std::string& from);
  Result<void> bring_back(const AsideLetters& aside);
  std::vector<AsideLetters> aside() const;  // as they are named, the older first
  std::uint64_t letters_in(const std::string& path) const;

  const std::string stem_;
  const std::string directory_;
  const CredentialKind credential_;
  const std::uint64_t limit_bytes_;
  storage::FileSystem& files_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unique_ptr<storage::File> file_;  // guarded by mutex_, as what follows
  std::uint64_t size_ = 0;
  // Lines of the newer and the older file; nothing: an earlier process wrote some, and they are counted when they go.
  std::optional<std::uint64_t> letters_, older_letters_;
  std::int64_t logged_ms_ = 0;
  std::uint64_t logged_letters_ = 0;  // of rotated_letters_, what the log was told
  std::atomic<std::uint64_t> rotated_letters_{0}, rotated_bytes_{0};
};

// The next whole lines of a file of letters from `from` on, about kDeadLetterPieceBytes of them, at least one; what has
// no end is the rest of the file.
Result<std::string> next_letters(const storage::File& file, std::uint64_t from, std::uint64_t size);

}  // namespace sluice::exporting
