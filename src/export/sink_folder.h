// Where the sinks of a destination may keep files, between runs too: one folder for its delivery and one for its
// replay, whatever its kind. They stay when the destination is switched off or set aside, and go when it is deleted or
// the replay ends.
#pragma once

#include <string>

#include "base/object_id.h"
#include "storage/file_system.h"

namespace sluice::exporting {

enum class SinkFolder : std::uint8_t { delivery, replay };
// DATA_DIR/spool/ID or DATA_DIR/spool/ID-replay.
std::string sink_folder(const std::string& data_directory, ObjectId destination, SinkFolder which);
// Removes it with its files, durably; fine when there is none. No sink uses it. False: not all of it could be removed.
bool remove_sink_folder(storage::FileSystem& files, const std::string& folder);

}  // namespace sluice::exporting
