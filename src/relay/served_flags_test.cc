#include "relay/served_flags.h"

#include <gtest/gtest.h>
#include <isa-l/igzip_lib.h>

#include <thread>

#include "relay/flag_data.h"

namespace sluice::relay {
namespace {

FlagSelection selecting(std::string keys, bool reasons = false) {
  return {[keys](std::string_view key) { return keys.find(key) != std::string::npos; }, reasons};
}

FlagSnapshotPtr snapshot_of(std::string_view document) {
  FlagData data;
  EXPECT_TRUE(data.apply_document(document, 1));
  return data.snapshot();
}

constexpr std::string_view kDocument =
    R"({"flags":{"b":{"version":2,"on":true},"a":{"version":1.0,"trackEvents":false}},"segments":{"s":{"version":3}}})";

std::string_view tracked_b() {
  return R"("a":{"version":1.0,"trackEvents":false},"b":{"version":2,"on":true,"trackEvents":true})";
}

TEST(ServedFlags, every_endpoint_has_its_form) {
  const ServedFlags served(snapshot_of(kDocument), selecting("b"), nullptr);
  const std::string flags = "{" + std::string(tracked_b()) + "}";
  const std::string document = R"({"flags":)" + flags + R"(,"segments":{"s":{"version":3}}})";
  EXPECT_EQ(*served.latest_all(), document);
  EXPECT_EQ(*served.all_put(), "event: put\ndata: {\"path\":\"/\",\"data\":" + document + "}\n\n");
  EXPECT_EQ(*served.flags(), flags);
  EXPECT_EQ(*served.flags_put(), "event: put\ndata: " + flags + "\n\n");
  EXPECT_EQ(*served.item(ItemKind::flag, "b")->body, R"({"version":2,"on":true,"trackEvents":true})");
  EXPECT_EQ(*served.item(ItemKind::flag, "a")->body, R"({"version":1.0,"trackEvents":false})");
  EXPECT_EQ(*served.item(ItemKind::segment, "s")->body, R"({"version":3})");
  EXPECT_FALSE(served.item(ItemKind::segment, "a"));
  EXPECT_FALSE(served.item(ItemKind::flag, "aa"));
  EXPECT_FALSE(served.item(ItemKind::flag, "c"));
  EXPECT_EQ(served.snapshot().flag_count, 2u);
  EXPECT_EQ(served.unreadable(), 0u);
}

TEST(ServedFlags, an_empty_environment_has_its_form) {
  const ServedFlags served(snapshot_of(R"({"flags":{}})"), selecting(""), nullptr);
  EXPECT_EQ(*served.latest_all(), R"({"flags":{},"segments":{}})");
  EXPECT_EQ(*served.flags_put(), "event: put\ndata: {}\n\n");
}

TEST(ServedFlags, counts_what_another_selection_serves_otherwise) {
  const FlagSnapshotPtr snapshot = snapshot_of(kDocument);
  const ServedFlags before(snapshot, selecting("b"), nullptr);
  EXPECT_EQ(ServedFlags(snapshot, selecting("b"), &before).reselected(), 0u);
  EXPECT_EQ(ServedFlags(snapshot, selecting("ab"), &before).reselected(), 1u);
  EXPECT_EQ(ServedFlags(snapshot, selecting("a"), &before).reselected(), 2u);
  const FlagSnapshotPtr changed =
      snapshot_of(R"({"flags":{"b":{"version":3},"a":{"version":1.0,"trackEvents":false}},"segments":{}})");
  EXPECT_EQ(ServedFlags(changed, selecting(""), &before).reselected(), 0u) << "other items";
}

TEST(ServedFlags, segments_are_never_rewritten) {
  const ServedFlags served(snapshot_of(kDocument), selecting("abs", true), nullptr);
  EXPECT_EQ(*served.item(ItemKind::segment, "s")->body, R"({"version":3})");
  EXPECT_EQ(*served.item(ItemKind::flag, "a")->body,
            R"({"version":1.0,"trackEvents":true,"trackEventsFallthrough":true})");
}

TEST(ServedFlags, texts_are_built_once_for_all_threads) {
  const ServedFlags served(snapshot_of(kDocument), selecting("b"), nullptr);
  std::vector<SharedText> seen(8);
  {
    std::vector<std::jthread> threads;
    for (SharedText& one : seen) threads.emplace_back([&] { one = served.latest_all_gzip(); });
  }
  for (const SharedText& one : seen) EXPECT_EQ(one, seen[0]);
  EXPECT_EQ(served.all_put(), served.all_put());
  EXPECT_EQ(served.flags_put(), served.flags_put());
  EXPECT_EQ(served.latest_all(), served.latest_all());
  EXPECT_EQ(served.flags(), served.flags());
}

std::string inflated(std::string_view gzip) {
  inflate_state state;
  isal_inflate_init(&state);
  state.crc_flag = ISAL_GZIP;
  std::string in(gzip), out(1 << 20, '\0');
  state.next_in = reinterpret_cast<std::uint8_t*>(in.data());
  state.avail_in = static_cast<std::uint32_t>(in.size());
  state.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  state.avail_out = static_cast<std::uint32_t>(out.size());
  EXPECT_EQ(isal_inflate(&state), ISAL_DECOMP_OK);
  EXPECT_EQ(state.block_state, ISAL_BLOCK_FINISH);
  out.resize(state.total_out);
  return out;
}

TEST(ServedFlags, the_compressed_body_is_the_body) {
  const ServedFlags small(snapshot_of(kDocument), selecting("b"), nullptr);
  EXPECT_EQ(inflated(*small.latest_all_gzip()), *small.latest_all());
  // One that does not get smaller, too.
  std::string noise;
  for (unsigned i = 0, x = 1; i < 200'000; ++i)
    noise += static_cast<char>('#' + ((x = x * 1103515245 + 12345) >> 16) % 57);
  const ServedFlags large(snapshot_of(R"({"flags":{"f":{"x":")" + noise + "\"}}}"), selecting(""), nullptr);
  EXPECT_EQ(inflated(*large.latest_all_gzip()), *large.latest_all());
}

TEST(ServedFlags, line_ends_do_not_end_an_event) {
  const auto snapshot = snapshot_of("{\"flags\":{\"a\":{\r\n\"x\":\n\"\\n\"\r}},\"segments\":{\"s\":\n{\n}}}");
  const ServedFlags served(snapshot, selecting(""), nullptr);
  EXPECT_EQ(*served.latest_all(), "{\"flags\":{\"a\":{\r\n\"x\":\n\"\\n\"\r}},\"segments\":{\"s\":{\n}}}");
  EXPECT_EQ(*served.all_put(),
            "event: put\ndata: {\"path\":\"/\",\"data\":{\"flags\":{\"a\":{  \"x\": \"\\n\" }},"
            "\"segments\":{\"s\":{ }}}}\n\n");
  EXPECT_EQ(*served.flags_put(), "event: put\ndata: {\"a\":{  \"x\": \"\\n\" }}\n\n");
  EXPECT_EQ(*served.change_event(ItemKind::segment, "s", false),
            "event: patch\ndata: {\"path\":\"/segments/s\",\"data\":{ }}\n\n");
}

TEST(ServedFlags, a_change_is_a_patch_or_a_delete) {
  FlagData data;
  ASSERT_TRUE(data.apply_document(R"({"flags":{"a\"b":{"version":1}}})", 1));
  ASSERT_TRUE(data.apply("delete", R"({"path":"/flags/gone","version":7})", 2));
  ASSERT_TRUE(data.apply("delete", R"({"path":"/segments/s","version":8})", 2));
  const ServedFlags served(data.snapshot(), selecting("a\"b"), nullptr);
  const auto event = [&](ItemKind kind, std::string_view key, bool flags_only = false) {
    const SharedText text = served.change_event(kind, key, flags_only);
    return text == nullptr ? "none" : *text;
  };
  EXPECT_EQ(event(ItemKind::flag, "a\"b"),
            "event: patch\ndata: {\"path\":\"/flags/a\\\"b\",\"data\":{\"version\":1,\"trackEvents\":true}}\n\n");
  EXPECT_EQ(event(ItemKind::flag, "a\"b", true),
            "event: patch\ndata: {\"path\":\"/a\\\"b\",\"data\":{\"version\":1,\"trackEvents\":true}}\n\n");
  EXPECT_EQ(event(ItemKind::flag, "gone"), "event: delete\ndata: {\"path\":\"/flags/gone\",\"version\":7}\n\n");
  EXPECT_EQ(event(ItemKind::flag, "gone", true), "event: delete\ndata: {\"path\":\"/gone\",\"version\":7}\n\n");
  EXPECT_EQ(event(ItemKind::segment, "s"), "event: delete\ndata: {\"path\":\"/segments/s\",\"version\":8}\n\n");
  EXPECT_EQ(event(ItemKind::segment, "a\"b"), "none");
  EXPECT_EQ(*served.latest_all(), R"({"flags":{"a\"b":{"version":1,"trackEvents":true}},"segments":{}})");
  EXPECT_FALSE(served.item(ItemKind::flag, "gone"));
}

TEST(ServedFlags, the_etag_is_that_of_what_is_served) {
  const auto etag = [](std::string_view document, const FlagSelection& selection) {
    const ServedFlags served(snapshot_of(document), selection, nullptr);
    EXPECT_EQ(served.etag().size(), 34u);
    EXPECT_EQ(served.etag().front(), '"');
    EXPECT_EQ(served.etag().back(), '"');
    return served.etag();
  };
  const std::string before = etag(kDocument, selecting("b"));
  EXPECT_EQ(etag(kDocument, selecting("b")), before);
  EXPECT_EQ(etag(kDocument, selecting("bs")), before);  // changes no byte
  EXPECT_NE(etag(kDocument, selecting("")), before);
  EXPECT_NE(etag(kDocument, selecting("ab")), before);
  EXPECT_NE(etag(kDocument, selecting("b", true)), before);
  EXPECT_NE(etag(R"({"flags":{"a":{}}})", selecting("")), etag(R"({"flags":{"b":{}}})", selecting("")));
  EXPECT_NE(etag(R"({"flags":{"a":{}}})", selecting("")), etag(R"({"flags":{},"segments":{"a":{}}})", selecting("")));
  EXPECT_NE(etag(R"({"flags":{"a":{}}})", selecting("")), etag(R"({"flags":{"a":{ }}})", selecting("")));
}

TEST(ServedFlags, an_items_etag_is_that_of_what_is_served) {
  const ServedFlags off(snapshot_of(kDocument), selecting(""), nullptr),
      on(snapshot_of(kDocument), selecting("b"), nullptr);
  EXPECT_EQ(off.item(ItemKind::flag, "a")->etag, on.item(ItemKind::flag, "a")->etag);
  EXPECT_NE(off.item(ItemKind::flag, "b")->etag, on.item(ItemKind::flag, "b")->etag);
  EXPECT_EQ(on.item(ItemKind::flag, "b")->etag.size(), 18u);
}

TEST(ServedFlags, only_what_changed_is_rewritten) {
  FlagData data;
  ASSERT_TRUE(
      data.apply_document(R"({"flags":{"a":{"version":1},"b":{"version":1},"c":{"version":1},"d":{"version":1}}})", 1));
  const ServedFlags first(data.snapshot(), selecting("abd"), nullptr);
  ASSERT_TRUE(data.apply("patch", R"({"path":"/flags/b","data":{"version":2}})", 2));
  ASSERT_TRUE(data.apply("patch", R"({"path":"/flags/aa","data":{"version":2}})", 2));
  ASSERT_TRUE(data.apply("delete", R"({"path":"/flags/c","version":2})", 2));
  const ServedFlags second(data.snapshot(), selecting("abd"), &first);
  const auto body = [](const ServedFlags& served, std::string_view key) {
    const auto item = served.item(ItemKind::flag, key);
    return item ? item->body : nullptr;
  };
  EXPECT_EQ(body(second, "a"), body(first, "a"));
  EXPECT_EQ(body(second, "d"), body(first, "d"));
  EXPECT_EQ(*body(second, "b"), R"({"version":2,"trackEvents":true})");
  EXPECT_EQ(body(second, "c"), nullptr);
  // A switch.
  const ServedFlags third(data.snapshot(), selecting("ab"), &second);
  EXPECT_EQ(body(third, "a"), body(second, "a"));
  EXPECT_EQ(*body(third, "d"), R"({"version":1})");
  EXPECT_NE(third.etag(), second.etag());
  // Reasons.
  const ServedFlags fourth(data.snapshot(), selecting("ab", true), &third);
  EXPECT_EQ(*body(fourth, "a"), R"({"version":1,"trackEvents":true,"trackEventsFallthrough":true})");
  EXPECT_EQ(body(fourth, "d"), body(third, "d"));
  // Whatever was taken over, what is served is what is served without it.
  EXPECT_EQ(*fourth.latest_all(), *ServedFlags(data.snapshot(), selecting("ab", true), nullptr).latest_all());
  EXPECT_EQ(fourth.etag(), ServedFlags(data.snapshot(), selecting("ab", true), nullptr).etag());
}

TEST(ServedFlags, what_cannot_be_rewritten_is_served_as_it_came_and_counted) {
  auto snapshot = std::make_shared<FlagSnapshot>();
  snapshot->flags = {make_item(ItemKind::flag, "a", "{garbage", {}, nullptr),
                     make_item(ItemKind::flag, "b", "{}", {}, nullptr)};
  const ServedFlags served(snapshot, selecting("ab"), nullptr);
  EXPECT_EQ(*served.item(ItemKind::flag, "a")->body, "{garbage");
  EXPECT_EQ(served.unreadable(), 1u);
  EXPECT_EQ(ServedFlags(snapshot, selecting("ab"), &served).unreadable(), 1u);
  EXPECT_EQ(ServedFlags(snapshot, selecting("b"), &served).unreadable(), 0u);
}

}  // namespace
}  // namespace sluice::relay
