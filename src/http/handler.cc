#include <fmt/format.h>

#include "http/server.h"

namespace sluice::http {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + "\"";
}

}  // namespace

HttpResponder::~HttpResponder() {
  if (!target_) return;
  HttpResponse response;
  response.status = 500;
  response.content_type = "application/json";
  response.body = R"({"code":"internal","message":"The request was not answered; this is a bug, please report it."})";
  target_->respond(std::move(response));
}

void HttpResponder::operator()(HttpResponse response) {
  const std::shared_ptr<Target> target = std::move(target_);
  if (target) target->respond(std::move(response));
}

HttpResponse HttpHandler::fault(unsigned status, std::string_view code, std::string_view message, const HttpRequest&) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.body = fmt::format("{{\"code\":{},\"message\":{}}}", json_text(code), json_text(message));
  return response;
}

}  // namespace sluice::http
