// Planes do not wait for each other: whoever asks for status or metrics takes nothing from the data path, however
// often.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/admin_handler.h"
#include "api/journal_watch.h"
#include "api/public_status.h"
#include "api/readiness.h"
#include "api/rendered_pages.h"
#include "api/status.h"
#include "base/worker_fake.h"
#include "intake/journal_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::api {
namespace {

// Counts who asks it for anything that status or metrics could want.
class CountingJournal final : public intake::FakeJournal {
 public:
  journal::JournalStats stats() const override {
    ++asked;
    journal::JournalStats stats;
    stats.free_bytes = free_bytes;
    return stats;
  }
  journal::EnvironmentMark mark(ObjectId) const override {
    ++asked;
    return {};
  }
  mutable int asked = 0;
  std::uint64_t free_bytes = 1;
};

// What clients were answered.
struct Answers final : http::HttpResponder::Target {
  void respond(http::HttpResponse response) override { all.push_back(std::move(response)); }
  std::vector<http::HttpResponse> all;
};

std::string body_of(const http::HttpResponse& response) {
  return response.shared_body ? *response.shared_body : response.body;
}

class PlanesTest : public testing::Test {
 protected:
  PlanesTest() {
    catalog_.publish(std::make_shared<const catalog::CatalogSnapshot>(
        std::vector<catalog::Project>{}, std::vector<catalog::Environment>{}, std::vector<catalog::Destination>{}));
  }
  void start() {
    view_.phase = ServerPhase::ready;
    status_.render();
    journal_.asked = 0;
  }
  // Workers stand still: all that a loop does it does itself.
  std::size_t ask(std::string_view path) {
    pages_.answer(path, http::HttpResponder(answers_));
    return answers_->all.size();
  }

  ManualClock clock_;
  ManualWorkers workers_{clock_};
  storage::FakeFileSystem files_{1};
  CountingJournal journal_;
  catalog::Catalog catalog_;
  flags::FlagRegistry flags_;
  intake::IntakeMetrics intake_;
  exporting::Exporter exporter_{journal_, files_, clock_, "/data", nullptr, workers_};
  const destinations::KindList kinds_{{}};
  JournalWatch watch_{journal_, catalog_, clock_, workers_};
  ServerView view_{clock_, catalog_, flags_, watch_, kinds_, exporter_, intake_, clock_.wall_ms()};
  PublicStatus status_{view_, workers_};
  RenderedPages pages_{admin_pages(view_), clock_, workers_};
  std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
};

TEST_F(PlanesTest, a_loop_asks_the_data_path_nothing_however_often_it_is_asked) {
  start();
  for (int i = 0; i < 1'000; ++i) {
    EXPECT_EQ(status_.status().status, 200u);
    EXPECT_EQ(status_.ready().status, 200u);
    for (const char* path : {"/status", "/metrics", "/flags"}) ask(path);
  }
  EXPECT_EQ(answers_->all.size(), 0u) << "a page is rendered by the worker";
  // And a rendering, like the API's status, reads what was published.
  for (const Page& page : admin_pages(view_)) EXPECT_FALSE(page.render().empty());
  EXPECT_EQ(brief_status_json(view_)["ready"], true);
  EXPECT_EQ(journal_.asked, 0);
  workers_.run_due();
  EXPECT_EQ(answers_->all.size(), 3'000u);
}

TEST_F(PlanesTest, sixteen_clients_in_a_loop_cost_one_rendering_a_second) {
  start();
  for (int second = 0; second < 10; ++second) {
    answers_->all.clear();
    for (int client = 0; client < 16; ++client) ask("/metrics");
    workers_.run_due();
    for (int again = 0; again < 100; ++again) ask("/metrics");
    EXPECT_EQ(answers_->all.size(), 116u);
    for (const auto& answer : answers_->all)
      EXPECT_EQ(answer.shared_body.get(), answers_->all[0].shared_body.get()) << "one body for all of them";
    clock_.advance_us(kPageMaxAgeMs * 1000);
  }
  EXPECT_LE(journal_.asked, 22) << "the watch and the exporter read the journal once a second";
}

TEST_F(PlanesTest, a_page_that_takes_long_is_given_for_longer) {
  int rendered = 0;
  RenderedPages pages({{"/slow", "text/plain",
                        [&] {
                          ++rendered;
                          clock_.advance_us(2'000'000);
                          return std::string("x");
                        }}},
                      clock_, workers_);
  const auto seconds = [&](int count) {
    for (int second = 0; second < count; ++second) {
      pages.answer("/slow", http::HttpResponder(answers_));
      workers_.run_due();
      clock_.advance_us(1'000'000);
    }
  };
  seconds(8);
  EXPECT_EQ(rendered, 1);
  seconds(1);
  EXPECT_EQ(rendered, 2);
}

TEST_F(PlanesTest, the_public_status_is_true_within_ten_seconds_or_says_that_it_is_not_known) {
  start();
  EXPECT_NE(body_of(status_.status()).find("\"ready\": true"), std::string::npos);
  journal_.free_bytes = 0;
  workers_.run_for_us(kPublicStatusIntervalMs * 1000);
  EXPECT_EQ(status_.ready().status, 503u);
  EXPECT_NE(body_of(status_.ready()).find("The journal is full"), std::string::npos);
  journal_.free_bytes = 1;
  workers_.run_for_us(kPublicStatusIntervalMs * 1000);
  EXPECT_EQ(status_.ready().status, 200u);
  clock_.advance_us(kPublicStatusMaxAgeMs * 1000 + 1);  // the worker is stuck
  EXPECT_EQ(status_.ready().status, 503u);
  EXPECT_EQ(status_.status().status, 200u);
  EXPECT_NE(body_of(status_.status()).find(kOutdated), std::string::npos);
}

// A token that was set is not in the catalog yet: "invalid token" would be untrue.
TEST_F(PlanesTest, a_server_that_starts_refuses_no_token) {
  CallerGate gate({[](std::string_view) { return std::nullopt; }, [](ObjectId) { return std::nullopt; }}, clock_, 1);
  const AdminAccess access;
  RestApi api(view_, gate, workers_);
  AdminHandler handler(status_, pages_, gate, access, api);
  http::HttpRequest request;
  request.method = "GET";
  for (const char* path : {"/status", "/metrics", "/api/v2/projects"}) {
    request.path = path;
    handler.handle(request, http::HttpResponder(answers_));
    EXPECT_EQ(answers_->all.back().status, 503u) << path;
  }
  start();
  request.path = "/metrics";
  handler.handle(request, http::HttpResponder(answers_));
  EXPECT_NE(answers_->all.back().status, 503u);
}

TEST_F(PlanesTest, a_start_and_a_stop_are_told_at_once) {
  EXPECT_EQ(status_.ready().status, 503u);
  EXPECT_NE(body_of(status_.status()).find("\"starting\""), std::string::npos);
  start();
  EXPECT_EQ(status_.ready().status, 200u);
  view_.phase = ServerPhase::draining;
  EXPECT_EQ(status_.ready().status, 503u);
  EXPECT_NE(body_of(status_.status()).find("\"draining\""), std::string::npos);
}

}  // namespace
}  // namespace sluice::api
