#include "loadgen/sdk_events.h"

#include <fmt/format.h>

namespace loadgen {
namespace {

constexpr std::string_view kFirst[] = {"Ada",  "Grace",   "Linus",  "Ken",      "Barbara", "Edsger",
                                       "Tony", "Frances", "Donald", "Margaret", "Alan",    "Leslie"};
constexpr std::string_view kLast[] = {"Lovelace", "Hopper", "Torvalds", "Thompson", "Liskov", "Dijkstra",
                                      "Hoare",    "Allen",  "Knuth",    "Hamilton", "Turing", "Lamport"};
constexpr std::string_view kPlans[] = {"free", "team", "business", "enterprise"};
constexpr std::string_view kCountries[] = {"US", "DE", "GB", "FR", "JP", "BR", "IN", "AU"};
constexpr std::string_view kAreas[] = {"checkout", "search", "billing", "profile", "nav", "export"};
constexpr std::string_view kStates[] = {"new", "v2", "fast", "beta", "dark"};
constexpr std::string_view kParts[] = {"flow", "panel", "api", "rollout"};
constexpr std::string_view kValues[] = {"true", "false", "\"control\"", "\"treatment\"", R"({"limit":25})"};
constexpr std::string_view kCustom[] = {"page-load", "cart-add", "purchase", "api-latency", "signup"};
// Of a hundred events: evaluations, then custom events; the rest are identifies.
constexpr std::uint64_t kEvaluations = 55, kCustomEvents = 33;

template <std::size_t size>
std::string_view one_of(const std::string_view (&values)[size], sluice::Random& random) {
  return values[random.below(size)];
}

}  // namespace

std::string SdkEvents::hex(std::size_t digits) {
  std::string out(digits, '0');
  for (char& digit : out) digit = "0123456789abcdef"[random_.below(16)];
  return out;
}

std::string SdkEvents::uuid() { return fmt::format("{}-{}-{}-{}-{}", hex(8), hex(4), hex(4), hex(4), hex(12)); }

void SdkEvents::add_user(Event& event, bool alone) {
  const std::string_view first = one_of(kFirst, random_), last = one_of(kLast, random_);
  event.members += alone ? R"({"kind":"user","key":"uid-)" : R"("user":{"key":"uid-)";
  event.context_at = event.members.size();
  event.members.append(kContextDigits, '0');
  event.members += fmt::format(
      R"(","name":"{} {}","email":"{}.{}{}@example.com","country":"{}","plan":"{}","seats":{},"beta":{},"ip":"{}.{}.{}.{}",)"
      R"("userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/{}.0.0.0 Safari/537.36"}})",
      first, last, first, last, number(1, 9999), one_of(kCountries, random_), one_of(kPlans, random_), number(1, 5000),
      random_.below(10) < 3, number(1, 254), number(1, 254), number(1, 254), number(1, 254), number(100, 140));
}

void SdkEvents::add_context(Event& event) {
  event.members += R"("context":)";
  if (random_.below(2) == 0) return add_user(event, true);
  event.members += R"({"kind":"multi",)";
  add_user(event, false);
  event.members += fmt::format(R"(,"organization":{{"key":"org-{}","name":"{} Inc","tier":"{}"}}}})", hex(12),
                               one_of(kLast, random_), one_of(kPlans, random_));
}

void SdkEvents::add_evaluation(Event& event) {
  event.members += fmt::format(
      R"(,"key":"{}-{}-{}","version":{},"variation":{},"value":{},"default":false,"reason":{{"kind":"RULE_MATCH",)"
      R"("ruleIndex":{},"ruleId":"{}"}},)",
      one_of(kAreas, random_), one_of(kStates, random_), one_of(kParts, random_), number(1, 900), number(0, 3),
      one_of(kValues, random_), number(0, 5), uuid());
}

void SdkEvents::add_custom(Event& event) {
  event.members += fmt::format(R"(,"key":"{}","data":{{"page":"/{}","session":"{}","items":[)",
                               one_of(kCustom, random_), hex(6), hex(32));
  for (std::uint64_t items = number(1, 3); items > 0; --items)
    event.members += fmt::format(R"({{"sku":"{}","qty":{},"price":{}.{:02}}}{})", hex(8), number(1, 5), number(0, 200),
                                 number(0, 99), items > 1 ? "," : "");
  event.members += fmt::format(R"(]}},"metricValue":{}.{:03},)", number(0, 1000), number(0, 999));
}

SdkEvents::Event SdkEvents::next() {
  const std::uint64_t drawn = random_.below(100);
  const bool evaluation = drawn < kEvaluations, custom = !evaluation && drawn < kEvaluations + kCustomEvents;
  Event event;
  event.members = fmt::format(R"("kind":"{}","creationDate":)", evaluation ? "feature"
                                                                : custom   ? "custom"
                                                                           : "identify");
  event.date_at = event.members.size();
  event.members.append(kDateDigits, '1');
  if (evaluation)
    add_evaluation(event);
  else if (custom)
    add_custom(event);
  else
    event.members += ',';
  add_context(event);
  return event;
}

}  // namespace loadgen
