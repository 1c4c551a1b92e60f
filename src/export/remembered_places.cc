#include "export/remembered_places.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/log.h"
#include "export/journal_reach.h"
#include "export/replay.h"
#include "export/set_aside.h"
#include "export/sink_folder.h"
#include "export/start_places.h"
#include "journal/cursor_store.h"

namespace sluice::exporting {
namespace {

std::optional<ObjectId> id_at_start_of(std::string_view name) {
  return ObjectId::parse(name.substr(0, ObjectId::kHexDigits));
}

// A cursor that is inside an entry remembers that entry too: with another one in its place, its first events would
// count as delivered.
journal::Position behind(const journal::Cursor& cursor) {
  return {cursor.position.value + (cursor.events_done > 0 ? 1 : 0)};
}

// In `root`: the data directory, or what lies aside in it. Adds whose files there are.
journal::Position remembered_in(storage::FileSystem& files, const std::string& root, std::set<ObjectId>& destinations) {
  journal::Position end;
  const auto unread = [](ObjectId id, const Error& error) {
    log_warn("export.place_unreadable", {{"destination", id.hex()}, {"reason", error.message}});
  };
  const ReplayFiles replays(files, root);
  for (const std::string_view folder : kDestinationFolders) {
    const std::string directory = root + "/" + std::string(folder);
    const auto names = files.list(directory);
    if (!names) continue;  // none yet
    for (const std::string& name : *names) {
      const auto id = id_at_start_of(name);
      if (!id) continue;
      destinations.insert(*id);
      if (name == id->hex().append(kCursorSuffix)) {
        const auto cursor = journal::CursorFile::open_existing(directory, *id, files);
        if (!cursor) unread(*id, cursor.error());
        if (cursor && *cursor && (*cursor)->loaded()) end = std::max(end, behind(*(*cursor)->loaded()));
      }
      if (directory == replays.directory() && name == id->hex() + ".json") {
        const auto replay = replays.find(*id);
        if (!replay) unread(*id, replay.error());
        if (replay && *replay) end = std::max(end, (*replay)->range.end);
      }
    }
  }
  return end;
}

}  // namespace

journal::Position remembered_end(storage::FileSystem& files, const std::string& data_directory,
                                 const SealedInFolder& sealed_in) {
  std::set<ObjectId> destinations;
  journal::Position end = remembered_in(files, data_directory, destinations);
  end = std::max(end, remembered_in(files, data_directory + "/" + std::string(kSetAsideFolder), destinations));
  end = std::max(end, journal_reached(files, data_directory).value_or(journal::Position{}));
  if (!sealed_in) return end;
  // Of a destination of which nothing else is left, too.
  if (const auto folders = files.list(data_directory + "/spool"))
    for (const std::string& name : *folders)
      if (const auto id = id_at_start_of(name)) destinations.insert(*id);
  for (const ObjectId& id : destinations)
    for (const SinkFolder which : {SinkFolder::delivery, SinkFolder::replay})
      for (const SealedEvents& sealed : sealed_in(files, sink_folder(data_directory, id, which)))
        if (sealed.last.entry.value > 0) end = std::max(end, journal::Position{sealed.last.entry.value + 1});
  return end;
}

}  // namespace sluice::exporting
