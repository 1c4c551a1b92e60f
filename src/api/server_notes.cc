#include "api/server_notes.h"

#include <fmt/format.h>

#include "base/text.h"

namespace sluice::api {
namespace {

struct UnsavedText {
  const char* code;
  const char* what;     // is not on disk
  const char* restart;  // what a restart does now
};

UnsavedText text_of(storage::UnsavedKind kind) {
  using Kind = storage::UnsavedKind;
  switch (kind) {
    case Kind::seen_flags:
      return {"flags_not_saved", "Flags that SDKs evaluated since cannot be saved",
              "A restart would forget them until they are evaluated again. Which flags are exported does not change."};
    case Kind::history:
      return {"history_not_saved", "The history of destinations cannot be saved",
              "A restart would leave a gap in their charts. Delivery is not affected."};
    case Kind::delivered_flags:
      return {"delivered_flags_not_saved", "Flags that a flag source sent cannot be saved",
              "After a restart, SDKs would get older flags, or none, until the source answers."};
    case Kind::usage:
      return {"usage_not_saved", "Usage cannot be saved",
              "A restart would leave it out. It is counted until it can be."};
  }
  return {"files_not_saved", "Files cannot be saved", ""};
}

ServerNote note_of(const storage::UnsavedFiles::Unsaved& unsaved) {
  const UnsavedText text = text_of(unsaved.kind);
  const std::string more = unsaved.files > 1 ? fmt::format(" ({} files; this is one of them)", unsaved.files) : "";
  return {text.code, fmt::format("{}: {}{}. {}", text.what, unsaved.reason, more, text.restart),
          "Free space on the disk of the data directory, or fix what the message names: the files belong to the user "
          "that Sluice runs as, with mode 600, their directories with 700. Sluice tries again every few seconds, and "
          "this note goes when it succeeds."};
}

}  // namespace

std::vector<ServerNote> server_notes(const ServerView& view) {
  std::vector<ServerNote> notes;
  const journal::JournalStats& journal = view.journal.status()->stats;
  if (journal.over_max_bytes > 0)
    notes.push_back(
        {"journal_over_max_bytes",
         fmt::format("The journal has {} more than journal.max_bytes allows: that was lowered while events waited for "
                     "destinations. Nothing that waits is given up. Room for new payloads: {}; without room they are "
                     "answered 503.",
                     human_bytes(journal.over_max_bytes), human_bytes(journal.free_bytes)),
         fmt::format("Fix the destinations that do not deliver, or raise journal.max_bytes by {} and restart Sluice. "
                     "The journal shrinks as events are delivered.",
                     human_bytes(journal.over_max_bytes))});
  if (view.unsaved != nullptr)
    for (const storage::UnsavedFiles::Unsaved& unsaved : view.unsaved->all()) notes.push_back(note_of(unsaved));
  return notes;
}

}  // namespace sluice::api
