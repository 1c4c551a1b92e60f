#include "destinations/webhook/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/counted.h"
#include "base/text.h"
#include "base/time_text.h"
#include "base/utf8.h"
#include "http_client/url.h"

namespace sluice::webhook {
namespace {

using exporting::Problem;
using http_client::HttpResponse;
using http_client::TransportFault;
using Weight = Problem::Weight;

constexpr std::size_t kWords = 200;           // of the receiver's, in a message
constexpr std::size_t kReadForWords = 4'096;  // of its body, to find secrets in
constexpr std::size_t kLeastSecret = 4;

Verdict verdict(Action action, Weight weight, std::string code, std::string message, std::string_view remedy) {
  Verdict verdict;
  verdict.action = action;
  verdict.problem.weight = weight;
  verdict.problem.code = std::move(code);
  verdict.problem.message = std::move(message);
  verdict.problem.remedy = remedy;
  return verdict;
}

std::string without_secrets(std::string text, std::span<const std::string> secrets) {
  for (const std::string& secret : secrets) {
    if (secret.size() < kLeastSecret) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
      text.replace(at, secret.size(), "…");
  }
  return text;
}

// " It says: no such queue", or nothing.
std::string words_of(const HttpResponse& response, const AnswerFacts& facts) {
  const std::string text = without_secrets(response.body.substr(0, kReadForWords), facts.secrets);
  const std::string words = printable(shown_words(text, kWords));
  return words.empty() ? std::string() : " It says: " + words;
}

std::string transport_words(const HttpResponse& response) { return printable(shown_words(response.fault_text, 500)); }

std::string code_of(int status) { return fmt::format("http_{}", status); }

class Judge {
 public:
  Judge(const HttpResponse& response, const AnswerFacts& facts, std::int64_t now_wall_ms)
      : response_(response), facts_(facts), now_wall_ms_(now_wall_ms), host_(http_client::host_header_of(facts.url)) {}

  Verdict judge() const {
    if (response_.fault != TransportFault::none) return of_fault();
    const int status = response_.status;
    if (status >= 200 && status < 300) return {};
    if (status >= 300 && status < 400) return redirected();
    if (status == 408 || status == 421 || status == 425 || status == 429) return later();
    if (status >= 400 && status < 500) return refused();
    if (status >= 500 && status < 600) return later();
    return verdict(Action::retry, Weight::transient, "answer_unreadable",
                   fmt::format("{} answered with {}, which is no status of HTTP.", host_, status),
                   "Check that the URL is that of an HTTP server. The batch is sent again until it is accepted.");
  }

 private:
  Verdict of_fault() const {
    // It said that it has the events, and the rest of its answer is too long or has no end. One that broke off in the
    // middle of its answer may have broken down before it stored them.
    if (response_.status_of_part >= 200 && response_.status_of_part < 300 && !response_.is_cut) return {};
    switch (response_.fault) {
      case TransportFault::forbidden:
        return verdict(Action::park, Weight::setup, "address_not_allowed", transport_words(response_),
                       "Use a URL with https and a public address, or have the owner of this server allow this one.");
      case TransportFault::proxy:
        return through_proxy();
      case TransportFault::resolve:
        return unreachable("cannot_resolve", "Check the host in the URL, and the name servers of this machine.");
      case TransportFault::connect:
        return unreachable("cannot_connect",
                           "Check that the receiver runs, and that a firewall lets this machine connect to it.");
      case TransportFault::tls:
        return unreachable("tls_failed",
                           "Check that the receiver's certificate is of this host, is valid, comes with its chain, and "
                           "is signed by an authority that this server trusts.");
      case TransportFault::timeout:
        return unreachable("timeout",
                           "The receiver has to answer in time: accept the batch, answer, and process it afterwards. "
                           "Smaller batches help too.");
      case TransportFault::reset:
        return unreachable("connection_reset", "Check the receiver, and load balancers and firewalls on the way.");
      case TransportFault::none:
      case TransportFault::body:
      case TransportFault::other:
        break;
    }
    return unreachable("transport_failed", "Check that the URL is that of an HTTP server.");
  }

  Verdict unreachable(std::string code, std::string_view remedy) const {
    return verdict(Action::retry, Weight::transient, std::move(code), transport_words(response_) + ".",
                   fmt::format("{} Delivery resumes by itself.", remedy));
  }

  Verdict through_proxy() const {
    const std::string_view remedy = http_client::proxy_remedy(response_.proxy_status);
    if (remedy.empty()) return unreachable("proxy_failed", "Check the proxy.");
    return verdict(Action::park, Weight::setup, response_.proxy_status == 407 ? "proxy_credentials" : "proxy_refused",
                   transport_words(response_) + ".", remedy);
  }

  Verdict redirected() const {
    // Of the address, the host alone: the rest may be secret.
    const std::string_view location = response_.header("location");
    const auto parts = http_client::parse_url(location);
    const std::string to = parts ? " to " + printable(shown_words(parts->host_and_port, kWords)) : std::string();
    return verdict(
        Action::park, Weight::setup, "redirected",
        fmt::format("{} answered {}, a redirect{}. Sluice follows no redirects.", host_, response_.status, to),
        "Set the URL to the address where the receiver is.");
  }

  Verdict refused() const {
    const int status = response_.status;
    const std::string message = fmt::format("{} answered {}.{}", host_, status, words_of(response_, facts_));
    const auto parked = [&](std::string_view remedy) {
      return verdict(Action::park, Weight::setup, code_of(status), message,
                     fmt::format("{} Delivery resumes by itself once the receiver accepts.", remedy));
    };
    switch (status) {
      case 401:
      case 403:
        return parked(
            "The receiver does not accept the credentials. Check the destination's headers, its password or token, and "
            "that the signing secret is the one that the receiver knows.");
      case 404:
        return parked("The receiver has nothing at this path. Check the URL's path.");
      case 405:
        return parked("The receiver takes no POST at this path. Check the URL.");
      case 407:
        return verdict(Action::park, Weight::setup, "proxy_credentials", message, http_client::proxy_remedy(407));
      case 410:
        return verdict(
            Action::stop, Weight::setup, "gone",
            fmt::format("{} answered 410 Gone: it wants no more events.{}", host_, words_of(response_, facts_)),
            "Nothing is sent until the destination is changed, or switched off and on. Events are kept as long as the "
            "journal has room. Delete the destination if it is not needed any more.");
      case 413:
        return too_large(message);
      case 415:
        return parked(
            "The receiver does not take this content type or compression. Choose another format, or no compression.");
      default:
        return parked("The receiver does not accept the request. Check its log, and that it takes the chosen format.");
    }
  }

  Verdict too_large(const std::string& message) const {
    if (facts_.events > 1)
      return verdict(Action::halve, Weight::transient, "too_large", message,
                     fmt::format("A batch of {} with {} is too large for the receiver, and is sent in parts. Choose "
                                 "smaller batches to save the attempts.",
                                 human_bytes(facts_.body_bytes), counted(facts_.events, "event")));
    return verdict(
        Action::reject, Weight::transient, "event_too_large", message,
        fmt::format("A single event of {} is too large for the receiver. Raise the size of a request that it, "
                    "or a proxy before it, accepts.",
                    human_bytes(facts_.body_bytes)));
  }

  Verdict later() const {
    const int status = response_.status;
    const bool throttled = status == 429;
    Verdict retry = verdict(
        Action::retry, Weight::transient, throttled ? "throttled" : code_of(status),
        fmt::format("{} answered {}.{}", host_, status, words_of(response_, facts_)),
        throttled ? "The receiver asks for fewer requests. Choose larger batches, or raise its limit. No event is lost."
                  : "Check the receiver's log. Batches are sent again until they are accepted. Delivery resumes by "
                    "itself.");
    retry.retry_after_ms = retry_after_ms(response_.header("retry-after"), now_wall_ms_);
    return retry;
  }

  const HttpResponse& response_;
  const AnswerFacts& facts_;
  const std::int64_t now_wall_ms_;
  const std::string host_;
};

}  // namespace

Verdict judge(const HttpResponse& response, const AnswerFacts& facts, std::int64_t now_wall_ms) {
  return Judge(response, facts, now_wall_ms).judge();
}

std::int64_t retry_after_ms(std::string_view header, std::int64_t now_wall_ms) {
  if (header.empty()) return -1;
  if (header.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    for (const char digit : header) seconds = std::min(seconds * 10 + (digit - '0'), kMaxRetryAfterMs / 1000);
    return seconds * 1000;
  }
  const auto until = parse_http_date_ms(header);
  return until ? std::clamp<std::int64_t>(*until - now_wall_ms, 0, kMaxRetryAfterMs) : -1;
}

}  // namespace sluice::webhook
