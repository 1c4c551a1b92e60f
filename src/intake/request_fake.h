// A request that has come whole, without a connection, and its answer. One thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/byte_budget.h"
#include "http/request_parser.h"
#include "http/server.h"

namespace sluice::intake {

class FakeRequest final : public http::HttpResponder::Target {
 public:
  explicit FakeRequest(std::string text) : text_(std::move(text)) {
    parser_.begin();
    std::string_view rest = text_;
    auto step = http::RequestParser::Step::more;
    while (step == http::RequestParser::Step::more || step == http::RequestParser::Step::header)
      step = parser_.feed(rest);
    SLUICE_CHECK(step == http::RequestParser::Step::complete, "a test sends whole requests");
    parser_.describe(request);
  }
  void respond(http::HttpResponse answer) override {
    status = answer.status;
    content_type = answer.content_type;
    body = answer.shared_body ? *answer.shared_body : answer.body;
    headers = std::move(answer.headers);
  }
  // Of the answer; empty: it has none.
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return {};
  }

  http::HttpRequest request;
  unsigned status = 0;  // until it is answered
  std::string body, content_type;
  std::vector<std::pair<std::string, std::string>> headers;

 private:
  const http::HttpLimits limits_;
  http::ByteBudget budget_{256ull << 20};
  const std::string text_;
  http::RequestParser parser_{limits_, budget_};
};

}  // namespace sluice::intake
