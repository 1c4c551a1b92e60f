#include "destinations/webhook/settings.h"

#include <gtest/gtest.h>

#include <cctype>
#include <nlohmann/json.hpp>
#include <set>

#include "destinations/webhook/kind.h"

namespace sluice::webhook {
namespace {

using nlohmann::json;

const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kOtherSecret = "whsec_plJ3nmyCDGBKInavdOK15jsl3plJ3nmyCD==";

struct Reading {
  catalog::KindReading kind;
  config::ConfigFaults faults;
  const WebhookSettings& settings() const { return kind.settings.as<WebhookSettings>(); }
  std::vector<std::string> fields() const {
    std::vector<std::string> fields;
    for (const auto& fault : faults.all()) fields.push_back(fault.field);
    return fields;
  }
  std::string text() const { return faults.text(); }
};

Reading read(const json& fields) {
  Reading reading;
  auto table = config::TomlTable::from_json(fields, "config", reading.faults);
  reading.kind = webhook_kind()->read(table);
  table.refuse_unknown();
  return reading;
}

json with(json more) {
  json fields = {{"url", "https://hooks.example.com/events"}};
  fields.update(more);
  return fields;
}

TEST(WebhookSettings, have_defaults_that_need_only_a_url) {
  const Reading reading = read(with(json::object()));
  EXPECT_TRUE(reading.faults.empty()) << reading.text();
  WebhookSettings expected;
  expected.url = "https://hooks.example.com/events";
  EXPECT_EQ(reading.settings(), expected);
  EXPECT_EQ(reading.kind.target, "webhook at hooks.example.com");
  EXPECT_FALSE(reading.kind.ends_lines);
  EXPECT_EQ(reading.kind.behind_after_ms, 10'000);
}

TEST(WebhookSettings, are_read_as_written) {
  const Reading reading = read(with({{"format", "json"},
                                     {"compression", "zstd"},
                                     {"max_events", 20},
                                     {"max_bytes", "64 KiB"},
                                     {"linger", "250 ms"},
                                     {"timeout", "5 s"},
                                     {"max_calls_in_flight", "1"},
                                     {"headers", {"X-Team:checkout", "x-key:  a b:c "}},
                                     {"auth", "signature"},
                                     {"signing_secrets", {kSecret, kOtherSecret}}}));
  EXPECT_TRUE(reading.faults.empty()) << reading.text();
  const WebhookSettings& settings = reading.settings();
  EXPECT_EQ(settings.format, BodyFormat::json_array);
  EXPECT_EQ(settings.compression, framing::Compressor::Format::zstd);
  EXPECT_EQ(settings.max_events, 20u);
  EXPECT_EQ(settings.max_bytes, 65'536u);
  EXPECT_EQ(settings.linger_ms, 250);
  EXPECT_EQ(settings.timeout_ms, 5'000);
  EXPECT_EQ(settings.max_calls_in_flight, 1u);
  EXPECT_EQ(settings.headers,
            (std::vector<std::pair<std::string, std::string>>{{"X-Team", "checkout"}, {"x-key", "a b:c"}}));
  EXPECT_EQ(settings.auth, Auth::signature);
  EXPECT_EQ(settings.signing_secrets, (std::vector{kSecret, kOtherSecret}));
}

TEST(WebhookSettings, report_every_fault_at_its_field) {
  const Reading reading = read({{"url", "hooks.example.com"},
                                {"format", "xml"},
                                {"compression", "br"},
                                {"max_events", 0},
                                {"max_bytes", "1 GiB"},
                                {"linger", "an hour"},
                                {"timeout", "0"},
                                {"max_calls_in_flight", 1000},
                                {"auth", "digest"},
                                {"headers", {"no colon"}},
                                {"spare", 1}});
  EXPECT_EQ(reading.fields(),
            (std::vector<std::string>{"url", "format", "compression", "max_events", "max_bytes", "linger", "timeout",
                                      "max_calls_in_flight", "auth", "headers", "spare"}))
      << reading.text();
}

TEST(WebhookSettings, refuse_addresses_that_hide_what_they_are) {
  for (const char* url : {"", "ftp://hooks.example.com/", "https://user:secret@hooks.example.com/", "https:///events",
                          "https://hooks.example.com/#part", "https://hooks.example.com/a b", "https://[::1",
                          "http://169.254.169.254/latest/meta-data", "http://metadata.google.internal/"}) {
    const Reading reading = read({{"url", url}});
    EXPECT_EQ(reading.fields(), std::vector<std::string>{"url"}) << url << "\n" << reading.text();
    EXPECT_EQ(reading.text().find("secret"), std::string::npos);
  }
  for (const char* url : {"https://hooks.example.com", "https://hooks.example.com:8443/a?token=1", "http://10.0.0.7/x"})
    EXPECT_TRUE(read({{"url", url}}).faults.empty()) << url << ": the policy decides about it, not the reader";
  EXPECT_EQ(read({{"url", "https://hooks.example.com:8443/a?token=1"}}).kind.target,
            "webhook at hooks.example.com:8443");
}

TEST(WebhookSettings, refuse_headers_that_are_sluices_or_the_connections_or_break_the_request) {
  for (const char* header :
       {"Content-Type: text/plain", "host: a", "Webhook-Id: 1", "webhook-signature: v1,", "Content-Length: 1",
        "Transfer-Encoding: chunked", "Connection: close", "Proxy-Authorization: x", "Expect: 100-continue", ": a",
        "X Y: a", "X-A\r\nX-B: c", "X-A: b\r\nX-C: d", "X-A: b\nc", "X-A:", "X-Ä: b", "X-A: ü"}) {
    EXPECT_EQ(read(with({{"headers", {header}}})).fields(), std::vector<std::string>{"headers"}) << header;
  }
  EXPECT_EQ(read(with({{"headers", {"X-A: 1", "x-a: 2"}}})).fields(), std::vector<std::string>{"headers"});
  EXPECT_EQ(read(with({{"headers", json(std::vector<std::string>(33, "X-A"))}})).fields().front(), "headers");
  EXPECT_EQ(read(with({{"auth", "bearer"}, {"token", "12345678"}, {"headers", {"Authorization: x"}}})).fields(),
            std::vector<std::string>{"headers"});
  EXPECT_TRUE(read(with({{"headers", {"Authorization: x", "User-Agent: sluice-eu"}}})).faults.empty());
  const Reading secret = read(with({{"headers", {"X-Key: s3cr3t\r\nvalue"}}}));
  EXPECT_EQ(secret.text().find("s3cr3t"), std::string::npos);
}

TEST(WebhookSettings, want_what_their_authentication_needs_and_nothing_of_another) {
  const auto fields = [](json more) { return read(with(std::move(more))).fields(); };
  using Fields = std::vector<std::string>;
  EXPECT_EQ(fields({{"auth", "bearer"}}), Fields{"token"});
  EXPECT_EQ(fields({{"auth", "basic"}}), (Fields{"username", "password"}));
  EXPECT_EQ(fields({{"auth", "signature"}}), Fields{"signing_secrets"});
  EXPECT_EQ(fields({{"auth", "bearer"}, {"token", "12345678"}, {"password", "12345678"}}), Fields{"password"});
  EXPECT_EQ(fields({{"token", "12345678"}}), Fields{"token"}) << "without auth it would not be used";
  EXPECT_EQ(fields({{"auth", "bearer"}, {"token", "Bearer 1234"}}), Fields{"token"});
  EXPECT_EQ(fields({{"auth", "bearer"}, {"token", "123"}}), Fields{"token"});
  EXPECT_EQ(fields({{"auth", "basic"}, {"username", "a:b"}, {"password", "12\n345"}}),
            (Fields{"username", "password"}));
  EXPECT_EQ(fields({{"auth", "basic"}, {"username", "a"}, {"password", "pass word"}}), Fields{});
}

TEST(WebhookSettings, take_one_signing_secret_or_two_that_are_long_enough) {
  const auto faults = [](json secrets) {
    return read(with({{"auth", "signature"}, {"signing_secrets", std::move(secrets)}}));
  };
  EXPECT_TRUE(faults({kSecret}).faults.empty());
  for (const json& wrong : {json{kSecret, kSecret}, json{"whsec_c2hvcnQ="}, json{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
                            json{"whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"},
                            json{kSecret, kOtherSecret, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}}) {
    const Reading reading = faults(wrong);
    EXPECT_EQ(reading.fields(), std::vector<std::string>{"signing_secrets"}) << wrong;
    EXPECT_EQ(reading.text().find("c2hvcnQ"), std::string::npos);
    EXPECT_EQ(reading.text().find("MfKQ"), std::string::npos);
  }
}

TEST(WebhookSettings, equal_only_the_same) {
  EXPECT_EQ(read(with(json::object())).kind.settings,
            read(with({{"format", "ndjson"}, {"auth", "none"}})).kind.settings);
  EXPECT_FALSE(read(with(json::object())).kind.settings == read(with({{"linger", "2 s"}})).kind.settings);
  EXPECT_FALSE(read(with({{"headers", {"A: 1"}}})).kind.settings == read(with({{"headers", {"A: 2"}}})).kind.settings);
}

TEST(WebhookKind, has_a_form_of_exactly_its_settings) {
  const auto kind = webhook_kind();
  json all = with({{"format", "json"},
                   {"compression", "gzip"},
                   {"max_events", 1},
                   {"max_bytes", 2048},
                   {"linger", "1 s"},
                   {"headers", {"A: 1"}},
                   {"auth", "none"},
                   {"timeout", "9 s"},
                   {"max_calls_in_flight", 1}});
  EXPECT_TRUE(read(all).faults.empty()) << read(all).text();
  std::set<std::string> in_form;
  for (const auto& field : kind->form().fields) {
    std::string key;
    for (const char c : field.key) {
      if (std::isupper(static_cast<unsigned char>(c)) != 0) key += '_';
      key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    in_form.insert(key);
  }
  std::set<std::string> known;
  for (const auto& [key, value] : all.items()) known.insert(key);
  for (const char* key : {"token", "username", "password", "signing_secrets"}) known.insert(key);
  EXPECT_EQ(in_form, known);
  for (const std::string& secret : kind->secret_fields()) EXPECT_TRUE(in_form.contains(secret)) << secret;
}

TEST(WebhookKind, asks_the_policy_about_its_url_and_shows_the_host_alone) {
  const auto kind = webhook_kind();
  const auto forbidden = [&](const char* url, const char* allowed) {
    return kind->forbidden_addresses(read({{"url", url}}).kind.settings, *http_client::OutboundPolicy::parse(allowed));
  };
  EXPECT_TRUE(forbidden("https://hooks.example.com/x", "").empty());
  EXPECT_TRUE(forbidden("http://hooks.example.com/x", "hooks.example.com").empty());
  for (const char* url :
       {"http://hooks.example.com/s3cr3t", "https://10.0.0.7/s3cr3t?s3cr3t", "https://127.0.0.1/s3cr3t"}) {
    const auto faults = forbidden(url, "");
    ASSERT_EQ(faults.size(), 1u) << url;
    EXPECT_EQ(faults[0].field, "url");
    EXPECT_NE(faults[0].message.find("outbound.allowed"), std::string::npos);
    EXPECT_EQ(faults[0].message.find("s3cr3t"), std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::webhook
