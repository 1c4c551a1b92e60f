// Every route of the REST API, and what a caller needs for it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/rest_call.h"
#include "api/rest_resources.h"

namespace sluice::api {

// What custom roles must allow.
enum class Asks : std::uint8_t {
  nothing,   // anyone with a token; lists show what may be seen
  all_view,  // covers every project
  view,      // viewProject on the path's project
  action,    // `action` on `on`
  inside,    // the handler checks each change
  never,     // no policy grants it
};
// What `action` is done to, made of the path's captures.
enum class On : std::uint8_t { project, environment, destination, flag };

struct Route {
  std::string_view method;
  std::string_view path;                                       // behind /api/v2/; {} stands for one segment
  RestOutcome (*answer)(const RestContext&, const RestCall&);  // null: `read` does
  Role least = Role::reader;                                   // of built-in roles
  Asks asks = Asks::view;
  std::string_view action = {};
  On on = On::project;
  // Of what is read of a catalog that is declared in the configuration file, too.
  RestOutcome (*read)(const ServerView&, const RestCall&) = nullptr;
};

struct FoundRoute {
  const Route* route = nullptr;
  std::vector<std::string> captured;  // decoded
};
// 404 and 405 say what there is.
RestResult<FoundRoute> find_route(std::string_view method, std::string_view path);
// 403 names what is missing.
RestResult<void> admit(const Route& route, const std::vector<std::string>& captured, const Caller& caller);

std::vector<std::string_view> split_text(std::string_view text, char by);

}  // namespace sluice::api
