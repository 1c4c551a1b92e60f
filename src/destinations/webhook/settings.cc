#include "destinations/webhook/settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "base/text.h"
#include "config/field_reading.h"
#include "destinations/address_setting.h"
#include "destinations/webhook/signature.h"
#include "http_client/ip_address.h"
#include "http_client/url.h"

namespace sluice::webhook {
namespace {

constexpr std::string_view kUrlExample = "\"https://hooks.example.com/events\"";
constexpr std::string_view kHeaderExample = "\"X-Team: checkout\"";

// Headers that Sluice sets, or that belong to the connection. Besides these, all that begin with "webhook-" or
// "proxy-".
constexpr std::array<std::string_view, 14> kReservedHeaders = {"accept-encoding",  "connection",
                                                               "content-encoding", "content-length",
                                                               "content-type",     "date",
                                                               "expect",           "host",
                                                               "keep-alive",       "te",
                                                               "trailer",          "upgrade",
                                                               "cookie2",          "transfer-encoding"};

bool is_reserved(std::string_view name) {
  return std::ranges::find(kReservedHeaders, name) != kReservedHeaders.end() || name.starts_with("webhook-") ||
         name.starts_with("proxy-");
}

// A token of RFC 9110, 5.6.2.
bool is_header_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

// Visible ASCII, spaces and tabs: nothing that could end the header.
bool is_header_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

class Reader {
 public:
  explicit Reader(config::TomlTable& table) : table_(table) {}

  WebhookSettings read() {
    url();
    choose("format", settings_.format, {{"ndjson", BodyFormat::ndjson}, {"json", BodyFormat::json_array}});
    choose<std::optional<framing::Compressor::Format>>("compression", settings_.compression,
                                                       {{"none", std::nullopt},
                                                        {"gzip", framing::Compressor::Format::gzip},
                                                        {"zstd", framing::Compressor::Format::zstd}});
    config::read_number(table_, "max_events", settings_.max_events, 1, kMostBatchEvents);
    config::read_bytes(table_, "max_bytes", settings_.max_bytes, kLeastBatchBytes, kMostBatchBytes,
                       "a size from 1 KiB to 16 MiB", "\"1 MiB\"");
    config::read_duration_ms(table_, "linger", settings_.linger_ms, 0, 60'000, "a time from 0 to 60 s", "\"1 s\"");
    config::read_duration_ms(table_, "timeout", settings_.timeout_ms, 1'000, 120'000, "a time from 1 s to 2 min",
                             "\"30 s\"");
    config::read_number(table_, "max_calls_in_flight", settings_.max_calls_in_flight, 1, kMostCallsInFlight);
    authentication();
    headers();
    return std::move(settings_);
  }

 private:
  void url() {
    settings_.url =
        destinations::used_address(table_, "url", table_.required("url", "an http or https address", kUrlExample));
    if (settings_.url.empty()) return;
    const auto parts = http_client::parse_url(settings_.url);
    if (!parts) {
      table_.fault("url",
                   fmt::format("The address {}; expected something like {}.", parts.error().message, kUrlExample));
    } else if (const std::string host = http_client::host_of(settings_.url); http_client::is_link_local_host(host)) {
      table_.fault("url",
                   fmt::format("{} is a link-local address or a cloud's metadata service, which Sluice never calls for "
                               "a destination. Use another address.",
                               host));
    } else if (settings_.url.size() > kMostHeaderBytes) {
      table_.fault("url", fmt::format("The address has more than {} characters.", grouped(kMostHeaderBytes)));
    }
  }

  template <typename Value>
  void choose(const std::string& key, Value& out, const std::vector<std::pair<std::string_view, Value>>& choices) {
    std::vector<std::string> quoted;
    for (const auto& [name, value] : choices) quoted.push_back(fmt::format("\"{}\"", name));
    const std::string expected = fmt::format("one of {}", fmt::join(quoted, ", "));
    const auto text = table_.text(key, expected, quoted.front());
    if (!text) return;
    const auto found = std::ranges::find(choices, *text, [](const auto& choice) { return choice.first; });
    if (found != choices.end()) {
      out = found->second;
    } else {
      table_.fault(key, fmt::format("\"{}\" is not valid; expected {}.", shown_words(*text, 40), expected));
    }
  }

  void authentication() {
    auto auth = std::optional(Auth::none);
    if (table_.has("auth")) auth.reset();
    choose<std::optional<Auth>>(
        "auth", auth,
        {{"none", Auth::none}, {"bearer", Auth::bearer}, {"basic", Auth::basic}, {"signature", Auth::signature}});
    if (auth) settings_.auth = *auth;
    settings_.token = table_.text("token", "a bearer token", "\"3kq8…\"").value_or("");
    settings_.username = table_.text("username", "a user name", "\"sluice\"").value_or("");
    settings_.password = table_.text("password", "a password", "\"…\"").value_or("");
    settings_.signing_secrets =
        table_.texts("signing_secrets", "a list of one or two signing secrets, the newest first", "[\"whsec_…\"]");
    if (!auth) return;  // whether the others fit to it cannot be told
    only_for(Auth::bearer, "bearer", {{"token", settings_.token.empty()}});
    only_for(Auth::basic, "basic",
             {{"username", settings_.username.empty()}, {"password", settings_.password.empty()}});
    only_for(Auth::signature, "signature", {{"signing_secrets", settings_.signing_secrets.empty()}});
    if (settings_.auth == Auth::bearer) token();
    if (settings_.auth == Auth::basic) user();
    if (settings_.auth == Auth::signature) signing_secrets();
  }

  // Fields that one way of authentication needs, and the others do not have.
  void only_for(Auth auth, std::string_view name, std::initializer_list<std::pair<const char*, bool>> fields) {
    for (const auto& [field, empty] : fields) {
      if (settings_.auth == auth && empty)
        table_.fault(field, fmt::format("It is missing; auth = \"{}\" needs it.", name));
      if (settings_.auth != auth && !empty)
        table_.fault(field, fmt::format("It is used only with auth = \"{}\". Set that, or remove this.", name));
    }
  }

  void check_secret(const char* field, std::string_view what, const std::string& secret) {
    if (secret.empty()) return;
    if (secret.size() < kLeastPasswordBytes || secret.size() > kMostHeaderBytes)
      table_.fault(field, fmt::format("The {} has {}; expected {} to {} characters.", what, grouped(secret.size()),
                                      kLeastPasswordBytes, grouped(kMostHeaderBytes)));
  }

  void token() {
    check_secret("token", "token", settings_.token);
    if (!settings_.token.empty() && !is_visible_ascii(settings_.token))
      table_.fault("token",
                   "The token has a space, a line end or a sign that is not ASCII. Give it without \"Bearer\" and "
                   "without anything around it.");
  }

  void user() {
    check_secret("password", "password", settings_.password);
    const std::string& name = settings_.username;
    if (name.find(':') != std::string::npos || std::ranges::any_of(name, is_control))
      table_.fault("username", "A user name has no colon and no line end.");
    if (name.size() > kMostHeaderBytes)
      table_.fault("username",
                   fmt::format("The user name has {} bytes; expected at most {}.", name.size(), kMostHeaderBytes));
    if (std::ranges::any_of(settings_.password, is_control))
      table_.fault("password", "The password has a line end or another control character.");
  }
  static bool is_control(char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }

  void signing_secrets() {
    const std::vector<std::string>& secrets = settings_.signing_secrets;
    if (secrets.size() > 2)
      table_.fault("signing_secrets", "Expected one secret, or two during a rotation: the newest first.");
    for (const std::string& secret : secrets)
      if (const auto parsed = SigningSecret::parse(secret); !parsed)
        table_.fault("signing_secrets", parsed.error().message);
    if (secrets.size() == 2 && secrets[0] == secrets[1])
      table_.fault("signing_secrets", "Both secrets are the same. Remove one, or give a new one first.");
  }

  void headers() {
    const std::vector<std::string> lines = table_.texts(
        "headers", fmt::format("a list of headers as Name: value, such as {}", kHeaderExample), kHeaderExample);
    if (lines.size() > kMostHeaders)
      table_.fault("headers", fmt::format("There are {}; expected {} at most.", lines.size(), kMostHeaders));
    std::set<std::string> seen;
    for (std::size_t i = 0; i < lines.size(); ++i) header(i + 1, lines[i], seen);
  }

  // Messages show the name and never the value.
  void header(std::size_t number, std::string_view line, std::set<std::string>& seen) {
    const auto fault = [this](std::string message) { table_.fault("headers", std::move(message)); };
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos)
      return fault(
          fmt::format("Header {} has no colon; expected \"Name: value\", such as {}.", number, kHeaderExample));
    const std::string_view name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
    if (!is_header_name(name) || name.size() > 256)
      return fault(fmt::format("The name of header {} is not valid; expected letters, digits and hyphens, such as {}.",
                               number, kHeaderExample));
    const std::string lower_name = lower(name);
    if (is_reserved(lower_name)) return fault(fmt::format("Sluice sets the header {} itself. Remove it.", name));
    if (lower_name == "authorization" && (settings_.auth == Auth::bearer || settings_.auth == Auth::basic))
      return fault("The setting auth sets the header Authorization. Remove one of the two.");
    if (value.empty()) return fault(fmt::format("The header {} has no value.", name));
    if (!is_header_value(value) || value.size() > kMostHeaderBytes)
      return fault(
          fmt::format("The value of the header {} is not valid; expected visible ASCII characters on one "
                      "line, {} at most.",
                      name, grouped(kMostHeaderBytes)));
    if (!seen.insert(lower_name).second) return fault(fmt::format("The header {} is there twice.", name));
    settings_.headers.emplace_back(name, value);
  }

  config::TomlTable& table_;
  WebhookSettings settings_;
};

}  // namespace

WebhookSettings read_webhook_settings(config::TomlTable& table) { return Reader(table).read(); }

}  // namespace sluice::webhook
