#include "framing/outbound_fake.h"

#include <array>

#include "base/check.h"
#include "event/entry.h"

namespace sluice::framing {
namespace {

std::string hex(Random& random, std::size_t digits) {
  std::string text;
  while (digits-- > 0) text += "0123456789abcdef"[random.below(16)];
  return text;
}

std::string number(Random& random, std::uint64_t bound) { return std::to_string(random.below(bound)); }

template <std::size_t N>
const char* one_of(Random& random, const std::array<const char*, N>& texts) {
  return texts[random.below(N)];
}

constexpr std::array kFirst = {"ada", "grace", "linus", "barbara", "edsger", "frances", "donald", "margaret"};
constexpr std::array kLast = {"lovelace", "hopper", "torvalds", "liskov", "dijkstra", "allen", "knuth", "hamilton"};
constexpr std::array kPlans = {"free", "team", "business", "enterprise"};
constexpr std::array kCountries = {"US", "DE", "GB", "FR", "JP", "BR", "IN", "AU"};
constexpr std::array kAreas = {"checkout", "search", "billing", "profile", "nav", "export"};
constexpr std::array kParts = {"flow", "panel", "api", "rollout"};

std::string context(Random& random) {
  const std::string first = one_of(random, kFirst), last = one_of(random, kLast);
  std::string user =
      R"({"kind":"user","key":"uid-)" + hex(random, 12) + R"(","name":")" + first + ' ' + last + R"(","email":")" +
      first + '.' + last + number(random, 9999) + R"(@example.com","country":")" + one_of(random, kCountries) +
      R"(","plan":")" + one_of(random, kPlans) + R"(","seats":)" + number(random, 5000) + R"(,"ip":")" +
      number(random, 255) + '.' + number(random, 255) + '.' + number(random, 255) + '.' + number(random, 255) +
      R"(","userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/)" +
      std::to_string(100 + random.below(40)) + R"(.0.0.0 Safari/537.36"})";
  return user;
}

}  // namespace

std::vector<exporting::OutboundEvent> outbound_events(const std::vector<std::string>& jsons,
                                                      std::uint64_t first_ticket) {
  event::EntryWriter writer;
  writer.begin(*ObjectId::parse("5744c96707c9900708000004"), *ObjectId::parse("578d1e02d2943862c52b9686"),
               1'700'000'000'000, {});
  for (const std::string& json : jsons) {
    writer.json() += json;
    writer.end_event(event::EventKind::custom, 2, false, 0, 0);
  }
  auto chunk = std::make_shared<journal::JournalChunk>();
  writer.finish(chunk->buffer);
  const auto view = event::EntryView::open(chunk->buffer);
  SLUICE_CHECK(view.has_value(), "what was written can be read");
  auto entry = std::make_shared<exporting::OutboundEntry>();
  entry->chunk = chunk;
  entry->view = *view;
  entry->envelope = event::EnvelopeWriter(*view, event::EnvelopeOptions{});
  std::vector<exporting::OutboundEvent> events;
  event::EntryView::Walk walk;
  event::EventSlot slot;
  for (std::uint64_t ticket = first_ticket; view->next(walk, slot); ++ticket) events.push_back({ticket, entry, slot});
  return events;
}

std::string typical_event(Random& random) {
  const std::string start = R"({"id":"68f00000)" + hex(random, 16) + R"(","kind":")";
  const std::string date = R"(","creationDate":17600)" + std::to_string(10'000'000 + random.below(9'000'000));
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      return start + "feature" + date + R"(,"key":")" + one_of(random, kAreas) + "-new-" + one_of(random, kParts) +
             R"(","version":)" + number(random, 900) + R"(,"variation":)" + number(random, 4) +
             R"(,"value":true,"default":false,"reason":{"kind":"RULE_MATCH","ruleIndex":)" + number(random, 6) +
             R"(,"ruleId":")" + hex(random, 8) + '-' + hex(random, 4) + "-4" + hex(random, 3) + "-a" + hex(random, 3) +
             '-' + hex(random, 12) + R"("},"context":)" + context(random) + '}';
    case 5:
    case 6:
    case 7:
      return start + "custom" + date + R"(,"key":"cart-add","data":{"page":"/)" + hex(random, 6) + R"(","session":")" +
             hex(random, 32) + R"(","items":[{"sku":")" + hex(random, 8) + R"(","qty":)" + number(random, 5) +
             R"(,"price":)" + number(random, 200) + '.' + number(random, 100) + R"(}]},"metricValue":)" +
             number(random, 1000) + R"(,"context":)" + context(random) + '}';
    default:
      return start + "identify" + date + R"(,"context":)" + context(random) + '}';
  }
}

std::vector<exporting::OutboundEvent> typical_events(Random& random, std::size_t count, std::uint64_t first_ticket) {
  std::vector<std::string> jsons;
  for (std::size_t i = 0; i < count; ++i) jsons.push_back(typical_event(random));
  return outbound_events(jsons, first_ticket);
}

}  // namespace sluice::framing
