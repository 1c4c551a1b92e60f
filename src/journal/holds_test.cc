#include "journal/holds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sluice::journal {
namespace {

TEST(Holds, the_least_is_that_of_a_plain_list_whatever_is_held_and_dropped) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    Holds holds;
    std::map<std::string, Position> plain;
    for (int i = 0; i < 500; ++i) {
      const std::string holder = std::to_string(random() % 8);
      const Position from{random() % 6};
      if (random() % 3 == 0) {
        holds.drop(holder);
        plain.erase(holder);
      } else {
        holds.set(holder, from);
        plain[holder] = from;
      }
      std::optional<Position> least;
      for (const auto& [name, position] : plain) least = least ? std::min(*least, position) : position;
      ASSERT_EQ(holds.least(), least) << i;
    }
  }
}

}  // namespace
}  // namespace sluice::journal
