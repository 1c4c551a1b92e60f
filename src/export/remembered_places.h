// Which places in the journal the data directory remembers outside of the journal: cursors, those of replays and of
// what is set aside, ends of replays, what sinks keep in their folders, and how far it had come
// (export/journal_reach.h). A journal that ends before one of them has lost entries, and must not give their places to
// others (Journal::open()): a cursor would pass them over, and a sink would take them for events that it has.
#pragma once

#include <string>

#include "export/sealed_events.h"
#include "journal/journal.h"
#include "storage/file_system.h"

namespace sluice::exporting {

// All that is remembered is before it. Reads only. A file that cannot be read is logged, and remembers nothing.
journal::Position remembered_end(storage::FileSystem& files, const std::string& data_directory,
                                 const SealedInFolder& sealed_in);

}  // namespace sluice::exporting
