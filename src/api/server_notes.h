// What is wrong with the server itself, beside its destinations, and needs a person: in the status, so that whoever
// looks there need not read the log. A note is there as long as its cause is.
#pragma once

#include <string>
#include <vector>

#include "api/server_view.h"

namespace sluice::api {

struct ServerNote {
  std::string code;     // "history_not_saved"; docs/states-and-remedies.md, "Of the server"
  std::string message;  // what happened, with the system's words
  std::string remedy;
};

// Any thread; takes the locks of nothing that works.
std::vector<ServerNote> server_notes(const ServerView& view);

}  // namespace sluice::api
