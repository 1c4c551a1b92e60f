// Serves the web console and the API's documentation out of the binary, with the headers that keep a browser safe. Any
// thread.
#pragma once

#include "http/server.h"

namespace sluice::api {

bool serves_web_page(std::string_view path);
http::HttpResponse web_page(const http::HttpRequest& request);

}  // namespace sluice::api
