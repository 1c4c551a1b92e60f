// Calls the REST API of a running server, for the subcommands that manage it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/result.h"

namespace sluice::cli {

struct RestServer {
  std::string url = "http://127.0.0.1:8031";  // of the admin port
  std::string token;
};

struct RestReply {
  int status = 0;
  nlohmann::ordered_json body;  // null: there was none
};

// Blocks, at most a minute and a half. An error: the server cannot be reached, or is not Sluice; the message says
// what to do. Every answer of the server, refusals included, is a reply.
Result<RestReply> call_rest(const RestServer& server, const std::string& method, const std::string& path,
                            const std::optional<nlohmann::ordered_json>& body);

}  // namespace sluice::cli
