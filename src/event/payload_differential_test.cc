// Random bodies, made from real ones, read by the reader and by the slow reference. A failure prints the seed and the
// body.
#include <gtest/gtest.h>

#include <array>

#include "base/random.h"
#include "base/rounds_fake.h"
#include "event/fixtures_fake.h"
#include "event/payload_reference_fake.h"

namespace sluice::event {
namespace {

constexpr std::uint64_t kSeed = 20261123;

template <std::size_t N>
std::string_view one_of(Random& random, const std::array<std::string_view, N>& choices) {
  return choices[random.below(N)];
}

std::string random_value(Random& random, int depth);

std::string random_object(Random& random, int depth) {
  static constexpr std::array<std::string_view, 33> kNames = {"kind",
                                                              "kind",
                                                              "kind",
                                                              "key",
                                                              "key",
                                                              "context",
                                                              "context",
                                                              "contextKeys",
                                                              "user",
                                                              "userKey",
                                                              "version",
                                                              "variation",
                                                              "reason",
                                                              "prereqOf",
                                                              "value",
                                                              "default",
                                                              "features",
                                                              "evaluation",
                                                              "trackEvents",
                                                              "trackReason",
                                                              "id",
                                                              "org",
                                                              "flag",
                                                              "excludeFromSummaries",
                                                              "debugEventsUntilDate",
                                                              "inExperiment",
                                                              "contextKinds",
                                                              "a",
                                                              "\\u006bind",
                                                              "\\u006bey",
                                                              "conte\\u0078t",
                                                              "us\\u0065r",
                                                              ""};
  std::string text = "{";
  for (std::uint64_t members = random.below(7); members > 0; --members) {
    if (text.size() > 1) text += ',';
    const std::string_view name = one_of(random, kNames);
    text.append("\"").append(name).append(random.below(9) == 0 ? "\" : " : "\":");
    text += (name == "kind" && random.below(4) != 0) ? "\"feature\"" : random_value(random, depth + 1);
  }
  return text + "}";
}

std::string random_value(Random& random, int depth) {
  static constexpr std::array<std::string_view, 30> kScalars = {"null",
                                                                "true",
                                                                "false",
                                                                "0",
                                                                "-1.50",
                                                                "1e3",
                                                                "12345678901234567890123",
                                                                "\"\"",
                                                                "\"u1\"",
                                                                "\"multi\"",
                                                                "\"user\"",
                                                                "\"feature\"",
                                                                "\"debug\"",
                                                                "\"custom\"",
                                                                "\"click\"",
                                                                "\"pageview\"",
                                                                "\"identify\"",
                                                                "\"index\"",
                                                                "\"summary\"",
                                                                "\"alias\"",
                                                                "\"migration_op\"",
                                                                "\"other\"",
                                                                "\"a\\\"b\"",
                                                                "\"\\\\\"",
                                                                "\"[,]\"",
                                                                "\"{:}\"",
                                                                "\" \"",
                                                                "\"\\u00e9\"",
                                                                "\"mult\\u0069\"",
                                                                "\"\xC3\xA9\""};
  constexpr int kDeepest = 5;
  const std::uint64_t choice = depth >= kDeepest ? 9 : random.below(10);
  if (choice < 4) return random_object(random, depth);
  if (choice > 5) return std::string(one_of(random, kScalars));
  std::string text = "[";
  for (std::uint64_t elements = random.below(4); elements > 0; --elements) {
    if (text.size() > 1) text += ',';
    text += random_value(random, depth + 1);
  }
  return text + "]";
}

TEST(PayloadDifferential, random_events_are_read_as_the_reference_reads_them) {
  SCOPED_TRACE(kSeed);
  Random random(kSeed);
  for (std::uint64_t round = 0; round < rounds(20'000); ++round) {
    std::string body = "[";
    for (std::uint64_t events = 1 + random.below(3); events > 0; --events) {
      if (body.size() > 1) body += ',';
      body += random.below(10) == 0 ? random_value(random, 0) : random_object(random, 0);
    }
    body += "]";
    ASSERT_EQ(compare_with_reference(body, static_cast<int>(1 + random.below(4))), "")
        << "round " << round << ": " << body;
  }
}

// Single bytes changed, taken out, put in and swapped around; most results are no JSON, and must be refused.
void mutate(Random& random, std::string& body) {
  static constexpr std::string_view kBytes = "{}[]:,\"\\ \n\t0129.-+eEtfnu\x01\x1F\x0C\x1A\x7F\xC3\xA9\xED\xFF";
  for (std::uint64_t changes = 1 + random.below(4); changes > 0 && !body.empty(); --changes) {
    const std::size_t at = random.below(body.size());
    const char byte = kBytes[random.below(kBytes.size())];
    switch (random.below(5)) {
      case 0:
        body[at] = byte;
        break;
      case 1:
        body.insert(at, 1, byte);
        break;
      case 2:
        body.erase(at, 1 + random.below(8));
        break;
      case 3:
        body.insert(random.below(body.size()), body.substr(at, random.below(40)));
        break;
      default:
        body.resize(at);
        break;
    }
  }
}

TEST(PayloadDifferential, damaged_requests_are_judged_as_the_reference_judges_them) {
  SCOPED_TRACE(kSeed);
  Random random(kSeed);
  const auto requests = recorded_event_requests();
  for (int round = 0; round < 10'000; ++round) {
    const RecordedRequest& request = requests[random.below(requests.size())];
    std::string body = request.body.substr(0, 3000);
    if (body.size() < request.body.size()) body = body.substr(0, body.rfind(",{\"kind\"")) + "]";
    mutate(random, body);
    ASSERT_EQ(compare_with_reference(body, request.schema), "") << "round " << round << ": " << body;
  }
}

TEST(PayloadDifferential, recorded_requests_agree) {
  for (const RecordedRequest& request : recorded_event_requests())
    EXPECT_EQ(compare_with_reference(request.body, request.schema), "") << request.name;
}

}  // namespace
}  // namespace sluice::event
