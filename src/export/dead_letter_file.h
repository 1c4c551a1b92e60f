// What a destination can never take, kept for people: one JSON object a line, synced before the event counts as
// finished. Each kind of credential has a share of its own (export/dead_letter_share.h), in dead-letters/, with `ID`
// the destination's id:
//   SDK keys         ID.ndjson          ID.1.ndjson (older)
//   mobile keys      ID-mobile.ndjson   ID-mobile.1.ndjson
//   client-side ids  ID-client.ndjson   ID-client.1.ndjson
// While they are tried again (export/dead_letter_retry.h) they lie aside, in files that end in .retrying, and how many
// of their bytes are done in files that end in .retried.
//   {"time":"…Z","destination":"…","code":"ValidationException","reason":"…","position":"7/1048576","record":{…the
//   exported event…}}
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "export/dead_letter_share.h"
#include "export/sink.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// What of a destination's dead letters went, by credential.
using RotatedByCredential = std::array<RotatedLetters, kCredentialKinds>;

// Every name that files of a destination's letters can have, for the path of its first, ID.ndjson. The letters
// themselves come first: the older of a share before the newer.
std::vector<std::string> dead_letter_paths(const std::string& path);  // letters

// Any thread.
class DeadLetterFile final : public DeadLetterStore {
 public:
  // `share_bytes`: kDeadLetterShareBytes, but for tests.
  DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock,
                 const std::array<std::uint64_t, kCredentialKinds>& share_bytes);
  DeadLetterFile(std::string path, ObjectId destination, storage::FileSystem& files, const Clock& clock);
  // An error says what is in the way; the letters are then not kept, and their events not finished.
  Result<void> keep(std::span<const RejectedEvent> rejected) override;
  const std::string& path() const { return path_; }
  RotatedByCredential rotated_out() const;
  // Of the letters that are there now, those that are tried again among them. One thread; looks at the disk after each
  // change.
  std::uint64_t kept_bytes();

  // Puts what there is aside, so that new letters go into new files. Empty: there is none.
  Result<std::vector<AsideLetters>> put_aside();
  // The first `bytes` of that file are finished. Durable.
  Result<void> note_done(const AsideLetters& aside, std::uint64_t bytes);
  // Appends whole lines as they are.
  Result<void> put_back(CredentialKind credential, std::string_view lines);
  // Brings back what lies aside and is not done; nothing lies aside then. What a crash interrupts comes back twice,
  // never not at all.
  Result<void> bring_back();

 private:
  DeadLetterShare& share(CredentialKind credential) { return *shares_[static_cast<std::size_t>(credential)]; }
  std::string line_of(const RejectedEvent& rejected) const;
  const std::string path_;
  ObjectId destination_;
  storage::FileSystem& files_;
  const Clock& clock_;
  std::array<std::unique_ptr<DeadLetterShare>, kCredentialKinds> shares_;
  std::atomic<bool> changed_{true};  // since kept_bytes() looked
  std::uint64_t kept_bytes_ = 0;     // of its caller
};

}  // namespace sluice::exporting
