#include "event/original.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace sluice::event {
namespace {

std::string head_of(const OriginalTarget& target, const std::vector<OriginalHeader>& headers,
                    std::string_view payload_id = "generated") {
  std::string head;
  append_original_head(target, headers, payload_id, head);
  return head;
}

TEST(Original, keeps_the_headers_that_the_event_service_reads_and_never_a_credential) {
  const std::vector<OriginalHeader> sent = {{"Host", "sluice.example"},
                                            {"Authorization", "sdk-secret"},
                                            {"X-LaunchDarkly-Tags", "application-id/shop"},
                                            {"X-LaunchDarkly-Payload-ID", "p-1"},
                                            {"Cookie", "session=1"},
                                            {"X-Forwarded-For", "10.0.0.1"},
                                            {"Forwarded", "for=10.0.0.1"},
                                            {"Connection", "keep-alive"},
                                            {"Content-Length", "2"},
                                            {"Transfer-Encoding", "chunked"},
                                            {"Proxy-Authorization", "secret"},
                                            {"X-LaunchDarkly-", "no name"},
                                            {"X-LaunchDarkly-Unsummarized", ""},
                                            {"X-LAUNCHDARKLY-Event-Schema", "4"},
                                            {"CONTENT-encoding", "gzip"},
                                            {"Content-Type", "application/json"},
                                            {"User-Agent", "NodeJSClient/9"}};
  EXPECT_EQ(head_of({"POST", "/bulk", ""}, sent),
            "POST /bulk\r\n"
            "user-agent: NodeJSClient/9\r\n"
            "content-type: application/json\r\n"
            "content-encoding: gzip\r\n"
            "x-launchdarkly-event-schema: 4\r\n"
            "x-launchdarkly-payload-id: p-1\r\n"
            "x-launchdarkly-tags: application-id/shop\r\n"
            "x-launchdarkly-unsummarized: \r\n"
            "\r\n");
}

TEST(Original, gives_back_what_was_written) {
  const std::string body("\x1f\x8b\r\n\r\nGET / \0\xff", 14);
  const std::string bytes =
      head_of({"GET", "/a/{}.gif", "d=W10="}, {{"X-LaunchDarkly-User-Agent", "JSClient/2"}}, "p-2") + body;
  const auto original = read_original(bytes);
  ASSERT_TRUE(original) << original.error().message;
  EXPECT_EQ(original->target.method, "GET");
  EXPECT_EQ(original->target.path, "/a/{}.gif");
  EXPECT_EQ(original->target.query, "d=W10=");
  EXPECT_EQ(original->body, body);
  EXPECT_EQ(original->headers, (std::vector<OriginalHeader>{{"x-launchdarkly-payload-id", "p-2"},
                                                            {"x-launchdarkly-user-agent", "JSClient/2"}}));
  EXPECT_EQ(original->header("x-launchdarkly-user-agent"), "JSClient/2");
  EXPECT_EQ(original->header("content-encoding"), "");
  EXPECT_TRUE(original->has_client_side_id());
  EXPECT_EQ(original->path_for("abc"), "/a/abc.gif");
  const auto server = read_original("POST /bulk\r\n\r\n[]");
  ASSERT_TRUE(server);
  EXPECT_FALSE(server->has_client_side_id());
  EXPECT_EQ(server->path_for("abc"), "/bulk");
  EXPECT_EQ(server->body, "[]");
}

TEST(Original, has_one_payload_id_whatever_was_sent) {
  const std::string too_long(kMaxOriginalHeaderBytes, 'p');
  for (const std::vector<OriginalHeader>& sent : std::vector<std::vector<OriginalHeader>>{
           {}, {{"X-LaunchDarkly-Payload-ID", ""}}, {{"X-LaunchDarkly-Payload-ID", too_long}}})
    EXPECT_EQ(head_of({"POST", "/bulk", ""}, sent), "POST /bulk\r\nx-launchdarkly-payload-id: generated\r\n\r\n");
  EXPECT_EQ(head_of({"POST", "/bulk", ""}, {{"X-LaunchDarkly-Payload-ID", "1"}, {"X-LaunchDarkly-Payload-ID", "2"}}),
            "POST /bulk\r\nx-launchdarkly-payload-id: 1\r\n\r\n")
      << "the first is the one that a repeat is known by";
}

TEST(Original, leaves_out_headers_beyond_its_limits_and_the_ones_that_matter_last) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kMaxOriginalHeaders + 10; ++i) names.push_back(fmt::format("X-LaunchDarkly-{}", i));
  std::vector<OriginalHeader> sent;
  for (const std::string& name : names) sent.emplace_back(name, "v");
  sent.emplace_back("Content-Encoding", "gzip");
  std::string bytes = head_of({"POST", "/bulk", ""}, sent);
  auto original = read_original(bytes);
  ASSERT_TRUE(original) << original.error().message;
  EXPECT_EQ(original->headers.size(), kMaxOriginalHeaders);
  EXPECT_EQ(original->header("content-encoding"), "gzip");
  EXPECT_EQ(original->header("x-launchdarkly-payload-id"), "generated");
  EXPECT_EQ(original->header("x-launchdarkly-0"), "v");

  const std::string_view name = "X-LaunchDarkly-Tags";
  const std::string longest(kMaxOriginalHeaderBytes - name.size(), 'v');
  bytes = head_of({"POST", "/bulk", ""}, {{name, longest}, {"X-LaunchDarkly-Wrappe", longest}});
  original = read_original(bytes);
  ASSERT_TRUE(original);
  EXPECT_EQ(original->header("x-launchdarkly-tags"), longest);
  EXPECT_EQ(original->headers.size(), 2u) << "the longer one is left out, not cut";
}

TEST(Original, writes_no_header_that_would_end_its_line) {
  EXPECT_EQ(head_of({"POST", "/bulk", ""}, {{"X-LaunchDarkly-A", "v\r\nauthorization: x"},
                                            {"X-LaunchDarkly-B\r\nc", "v"},
                                            {"X-LaunchDarkly-C", std::string_view("\0", 1)},
                                            {"X-LaunchDarkly-D", "tab\tand \xc3\xa9"}}),
            "POST /bulk\r\nx-launchdarkly-payload-id: generated\r\nx-launchdarkly-d: tab\tand \xc3\xa9\r\n\r\n");
}

TEST(Original, refuses_other_bytes_and_says_what_is_wrong) {
  std::string many = "POST /bulk\r\n";
  for (std::size_t i = 0; i <= kMaxOriginalHeaders; ++i) many += fmt::format("x-launchdarkly-{}: v\r\n", i);
  const std::string long_header =
      "POST /bulk\r\nx-launchdarkly-tags: " + std::string(kMaxOriginalHeaderBytes, 'v') + "\r\n\r\n";
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "no first line"},
      {"POST /bulk", "no first line"},
      {"\r\n\r\n", "expected POST or GET and a path"},
      {"PUT /bulk\r\n\r\n", "\"PUT /bulk\"; expected POST or GET"},
      {"POST bulk\r\n\r\n", "expected POST or GET and a path"},
      {"POST /bulk HTTP/1.1\r\n\r\n", "expected POST or GET and a path"},
      {"POST /bu\nlk\r\n\r\n", "expected POST or GET and a path"},
      {"POST /bulk\r\n", "does not end"},
      {"POST /bulk\r\nuser-agent: a\r\n", "does not end"},
      {"POST /bulk\r\nuser-agent\r\n\r\n", "\"user-agent\" is no header"},
      {"POST /bulk\r\nUser-Agent: a\r\n\r\n", "\"User-Agent\" is none that is kept"},
      {"POST /bulk\r\nauthorization: a\r\n\r\n", "\"authorization\" is none that is kept"},
      {"POST /bulk\r\nuser-agent: a\nb\r\n\r\n", "\"user-agent\" is none that is kept, or does not hold"},
      {many + "\r\n", "more than 32 headers"},
      {long_header, "\"x-launchdarkly-tags\""},
  };
  for (const auto& [bytes, expected] : cases) {
    const auto original = read_original(bytes);
    ASSERT_FALSE(original) << bytes;
    EXPECT_NE(original.error().message.find(expected), std::string::npos) << original.error().message;
  }
}

TEST(Original, damaged_bytes_are_refused_or_safe_to_repeat) {
  const std::uint64_t seed = 20261204;
  SCOPED_TRACE(seed);
  Random random(seed);
  const std::string good = head_of({"POST", "/events/bulk/{}", ""}, {{"X-LaunchDarkly-Tags", "a/b"}}) + "[{}]";
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t changes = 1 + random.below(3); changes > 0; --changes)
      bytes[random.below(bytes.size())] = static_cast<char>(random.next());
    const auto original = read_original(bytes);
    if (!original) continue;
    EXPECT_EQ(original->target.path.find_first_of("\r\n"), std::string_view::npos);
    for (const auto& [name, value] : original->headers) {
      EXPECT_TRUE(is_original_header(name));
      EXPECT_EQ(value.find_first_of("\r\n"), std::string_view::npos);
    }
  }
}

}  // namespace
}  // namespace sluice::event
