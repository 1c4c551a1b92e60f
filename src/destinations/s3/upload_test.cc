#include "destinations/s3/upload.h"

#include <gtest/gtest.h>

namespace sluice::s3 {
namespace {

using Call = Upload::Call;
using Outcome = Upload::Outcome;

const std::string kOurs(64, 'a'), kEarlier(64, 'b'), kOther(64, 'c');

Manifest manifest() {
  Manifest out;
  out.key = "key";
  out.size_bytes = 12;
  out.sha256_hex = kOurs;
  out.earlier_sha256_hex = {kEarlier};
  return out;
}
ObjectAnswer status(int status, std::string code = "") {
  ObjectAnswer answer;
  answer.status = status;
  answer.code = std::move(code);
  return answer;
}
ObjectAnswer ok(std::string sha256, std::string metadata = "", std::uint64_t size = 12) {
  ObjectAnswer answer = status(200);
  answer.sha256_hex = std::move(sha256);
  answer.metadata_sha256_hex = std::move(metadata);
  answer.size_bytes = size;
  return answer;
}
ObjectAnswer broken() {
  ObjectAnswer answer;
  answer.fault = http_client::TransportFault::reset;
  return answer;
}

struct Step {
  Call call;  // expected
  ObjectAnswer answer;
  Outcome outcome;
};
void expect_course(bool conditional, const std::vector<Step>& course, const char* what) {
  Upload upload(conditional);
  for (std::size_t i = 0; i < course.size(); ++i) {
    EXPECT_EQ(static_cast<int>(upload.next()), static_cast<int>(course[i].call)) << what << ", call " << i;
    EXPECT_EQ(static_cast<int>(upload.take(course[i].answer, manifest())), static_cast<int>(course[i].outcome))
        << what << ", answer " << i;
  }
}

TEST(Upload, is_done_with_200_and_our_checksum) {
  expect_course(true, {{Call::put, ok(kOurs), Outcome::done}}, "at once");
  expect_course(true, {{Call::put, status(503, "SlowDown"), Outcome::failed}, {Call::put, ok(kOurs), Outcome::done}},
                "after an error");
}

TEST(Upload, is_done_when_an_earlier_put_turns_out_to_have_arrived) {
  expect_course(true,
                {{Call::put, broken(), Outcome::failed},
                 {Call::put, status(412), Outcome::call},
                 {Call::head, ok(kOurs), Outcome::done}},
                "the answer was lost");
  expect_course(true, {{Call::put, status(412), Outcome::call}, {Call::head, ok(kEarlier), Outcome::done}},
                "of an object that was lost and built again");
}

TEST(Upload, never_overwrites_what_is_not_ours) {
  expect_course(true, {{Call::put, status(412), Outcome::call}, {Call::head, ok(kOther), Outcome::conflict}},
                "another checksum");
  expect_course(true, {{Call::put, status(412), Outcome::call}, {Call::head, ok("", ""), Outcome::conflict}},
                "nothing to compare");
  expect_course(true, {{Call::put, status(412), Outcome::call}, {Call::head, ok(kOther, kOurs), Outcome::conflict}},
                "S3's checksum counts, not the metadata");
  expect_course(true,
                {{Call::put, status(412), Outcome::call},
                 {Call::head, ok(kOther), Outcome::conflict},
                 {Call::put, ok(kOurs), Outcome::done}},
                "somebody moved it away");
}

TEST(Upload, a_name_is_taken_only_where_another_content_is_shown_and_ours_was_not_accepted) {
  const auto taken = [](const ObjectAnswer& put, const ObjectAnswer& head) {
    Upload upload(true);
    EXPECT_EQ(upload.take(put, manifest()), Outcome::call);
    EXPECT_EQ(upload.take(head, manifest()), Outcome::conflict);
    return upload.name_is_taken();
  };
  EXPECT_TRUE(taken(status(412), ok(kOther)));
  EXPECT_TRUE(taken(status(412), ok("", kOther)));
  EXPECT_FALSE(taken(status(412), ok("", ""))) << "nothing to know it by";
  EXPECT_FALSE(taken(status(412), ok("", kOurs, 11))) << "ours, in a store that changes what it is given";
  EXPECT_FALSE(taken(ok(kOther), ok(kOther))) << "ours was accepted";
}

TEST(Upload, asks_a_store_that_returns_no_checksum_for_the_metadata) {
  expect_course(true, {{Call::put, ok(""), Outcome::call}, {Call::head, ok("", kOurs), Outcome::done}}, "metadata");
  expect_course(true, {{Call::put, ok(""), Outcome::call}, {Call::head, ok("", kOurs, 11), Outcome::conflict}},
                "another size");
  expect_course(true, {{Call::put, ok(kOther), Outcome::call}, {Call::head, ok(kOther), Outcome::conflict}},
                "it stored something else");
}

TEST(Upload, asks_without_the_checksum_where_that_takes_a_permission_more) {
  expect_course(true,
                {{Call::put, status(412), Outcome::call},
                 {Call::head, status(403, "AccessDenied"), Outcome::call},
                 {Call::head_without_checksum, ok("", kOurs), Outcome::done}},
                "encrypted with a key");
  expect_course(true,
                {{Call::put, status(412), Outcome::call},
                 {Call::head, status(403, "AccessDenied"), Outcome::call},
                 {Call::head_without_checksum, status(403, "AccessDenied"), Outcome::failed},
                 {Call::put, status(412), Outcome::call}},
                "no s3:GetObject at all");
}

TEST(Upload, puts_again_what_was_removed_in_between) {
  expect_course(true,
                {{Call::put, status(412), Outcome::call},
                 {Call::head, status(404), Outcome::call},
                 {Call::put, ok(kOurs), Outcome::done}},
                "a lifecycle rule");
  expect_course(true,
                {{Call::put, ok(""), Outcome::call},
                 {Call::head, status(404), Outcome::failed},
                 {Call::put, status(412), Outcome::call}},
                "a store that does not show at once what it took: not in a loop");
}

TEST(Upload, does_not_ask_a_store_in_a_loop_that_contradicts_itself) {
  expect_course(true,
                {{Call::put, status(412), Outcome::call},
                 {Call::head, status(404), Outcome::call},
                 {Call::put, status(412), Outcome::call},
                 {Call::head, status(404), Outcome::failed}},
                "there and not there");
}

TEST(Upload, looks_first_in_a_store_without_conditional_writes) {
  expect_course(false,
                {{Call::head, status(404), Outcome::call},
                 {Call::put, broken(), Outcome::failed},
                 {Call::head, ok("", kOurs), Outcome::done}},
                "the PUT had arrived");
  expect_course(false, {{Call::head, ok(kOther), Outcome::conflict}, {Call::head, ok(kOurs), Outcome::done}},
                "conflict");
  expect_course(false, {{Call::head, status(404), Outcome::call}, {Call::put, ok(kOurs), Outcome::done}}, "new");
}

}  // namespace
}  // namespace sluice::s3
