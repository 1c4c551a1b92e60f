#include "api/web_pages.h"

#include "console/web_files.h"

namespace sluice::api {
namespace {

// Styles may stand in the page: the component library sets them so. Scripts may not.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
// Their names change with what they hold.
constexpr std::string_view kAssets = "/console/assets/";

http::HttpResponse words(unsigned status, std::string text) {
  http::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

http::HttpResponse moved_to(std::string_view path) {
  http::HttpResponse response = words(302, "");
  response.headers.emplace_back("Location", path);
  return response;
}

}  // namespace

bool serves_web_page(std::string_view path) {
  return path == "/" || path == "/console" || path.starts_with("/console/") || path == "/api/docs" ||
         path.starts_with("/api/docs/") || path == "/api/openapi.json";
}

http::HttpResponse web_page(const http::HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    http::HttpResponse response = words(405, "Pages are read with GET.\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/" || request.path == "/console") return moved_to("/console/");
  if (request.path == "/api/docs") return moved_to("/api/docs/");
  const console::WebFile* file = console::find_web_file(request.path);
  if (file == nullptr)
    return words(404, console::web_files().empty()
                          ? "This sluice was built without its web console. Build it with ./run --build, which builds "
                            "the console first (tools/console), or use the REST API and the command line.\n"
                          : "Page not found. The console is at /console/, the API's documentation at "
                            "/api/docs/.\n");
  http::HttpResponse response;
  response.headers = {
      {"ETag", std::string(file->etag)},
      {"Cache-Control", request.path.starts_with(kAssets) ? "public, max-age=31536000, immutable" : "no-cache"},
      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Vary", "Accept-Encoding"}};
  if (request.header("if-none-match") == file->etag) {
    response.status = 304;
    return response;
  }
  response.content_type = file->content_type;
  const bool gzip = request.header("accept-encoding").find("gzip") != std::string_view::npos;
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzip ? file->gzip : file->plain;
  return response;
}

}  // namespace sluice::api
