#include "export/original_letter.h"

#include <gtest/gtest.h>

#include "event/original.h"

namespace sluice::exporting {
namespace {

TEST(OriginalLetter, holds_any_bytes_of_a_payload_and_gives_them_back) {
  std::string original;
  const event::OriginalHeader encoding{"content-encoding", "gzip"};
  event::append_original_head({"POST", "/bulk", ""}, {&encoding, 1}, "id-1", original);
  original += std::string("\x1f\x8b\0\xff\n\"\\", 7);
  std::string letter;
  append_original_letter(original, letter);
  EXPECT_EQ(letter.find('\n'), std::string::npos) << "it is one line";
  EXPECT_EQ(original_in_letter(letter), original);
  for (const char* none : {"", "[]", "{}", R"({"payload":1})", R"({"payload":"!"})", R"({"payload":"aGk="})",
                           R"({"event":{"id":"65f0a1b2c3d4e5f601020304"}})"})
    EXPECT_FALSE(original_in_letter(none)) << none;
}

}  // namespace
}  // namespace sluice::exporting
