// What answers about a server carry: no cache keeps them, and no browser takes them for anything else than they say.
// Pure.
#pragma once

#include "http/server.h"

namespace sluice::api {

inline http::HttpResponse private_answer() {
  http::HttpResponse response;
  response.headers = {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}};
  return response;
}

}  // namespace sluice::api
