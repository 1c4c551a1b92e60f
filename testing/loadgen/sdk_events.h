// Events as server-side SDKs send them: evaluations, custom events and identifies of many different contexts, about 600
// bytes each, in which no two are alike. A seed gives the same again, on every machine. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/random.h"

namespace loadgen {

// Digits of a context's key behind its first letters, and of a date: written anew for each sending.
inline constexpr std::size_t kContextDigits = 10, kDateDigits = 13;

class SdkEvents {
 public:
  explicit SdkEvents(std::uint64_t seed) : random_(seed) {}

  // Where an event's members lie that each sending changes.
  struct Event {
    std::string members;  // of the object, without its braces
    std::size_t date_at = 0, context_at = 0;
  };
  Event next();

 private:
  std::uint64_t number(std::uint64_t from, std::uint64_t to) { return from + random_.below(to - from + 1); }
  std::string hex(std::size_t digits);
  std::string uuid();
  void add_user(Event& event, bool alone);
  void add_context(Event& event);
  void add_evaluation(Event& event);
  void add_custom(Event& event);

  sluice::Random random_;
};

}  // namespace loadgen
