// Intake as a whole behind a listener, with a journal, a disk and a catalog under a test's hand; and the requests that
// tests send it. The test's thread, beside the listener's loop.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/worker_fake.h"
#include "http/raw_client_fake.h"
#include "intake/handler.h"
#include "intake/journal_fake.h"
#include "storage/file_system_fake.h"

namespace sluice::intake {

inline constexpr const char* kSdkKey = "sdk-00000000-0000-4000-8000-000000000001";
inline constexpr const char* kMobileKey = "mob-00000000-0000-4000-8000-000000000002";
inline constexpr const char* kEnvironment = "578d1e02d2943862c52b9686";
inline constexpr const char* kEvent =
    R"({"kind":"identify","creationDate":1700000000000,"context":{"kind":"user","key":"u"}})";

// One environment with a key of each kind.
inline catalog::CatalogPointer test_catalog() {
  catalog::Project project;
  project.id = *ObjectId::parse("5744c96707c9900708000004");
  project.key = "web";
  catalog::Environment environment;
  environment.id = *ObjectId::parse(kEnvironment);
  environment.project_id = project.id;
  environment.project_key = "web";
  environment.key = "production";
  environment.sdk_keys = {kSdkKey};
  environment.mobile_keys = {kMobileKey};
  environment.allowed_headers = {"X-Trace"};
  return std::make_shared<catalog::CatalogSnapshot>(std::vector<catalog::Project>{project},
                                                    std::vector<catalog::Environment>{environment},
                                                    std::vector<catalog::Destination>{});
}

struct StageOptions {
  http::HttpLimits http;
  IntakeLimits intake;
  bool with_catalog = true;
};

// Time stands still for the workers; a journal that a test holds up, and a disk that it fails.
struct Stage {
  catalog::Catalog catalog;
  flags::FlagRegistry flags;
  FakeJournal journal;
  SystemClock clock;
  IntakeMetrics metrics;
  ManualClock worker_clock;
  ManualWorkers workers{worker_clock};
  storage::FakeFileSystem files{1};
  IntakeDeadLetters letters;
  Intake intake;
  std::unique_ptr<http::HttpServer> server;

  explicit Stage(StageOptions options = {})
      : letters(files, "/letters", options.intake, metrics, workers),
        intake(catalog, flags, journal, clock, metrics, letters, options.intake, [](const http::HttpRequest& request) {
          http::HttpResponse response;
          response.body = "common " + std::string(request.path);
          return response;
        }) {
    if (options.with_catalog) catalog.publish(test_catalog());
    auto started = http::HttpServer::start("127.0.0.1:0", 1, options.http, std::nullopt,
                                           [this](unsigned) { return intake.make_handler(); });
    EXPECT_TRUE(started.has_value());
    server = std::move(*started);
  }

  std::unique_ptr<http::RawClient> connect() const { return std::make_unique<http::RawClient>(server->address()); }
  http::RawResponse ask(const std::string& text) const { return connect()->ask(text); }
  std::uint64_t refused(Refusal refusal) const { return metrics.totals().refused[static_cast<std::size_t>(refusal)]; }
};

// A POST of that body with the SDK key.
inline std::string bulk(std::string_view body, std::string_view headers = {}) {
  return http::post_text("/bulk", body, "Authorization: " + std::string(kSdkKey) + "\r\n" + std::string(headers));
}

inline std::string array_of(std::string_view event) { return "[" + std::string(event) + "]"; }

inline std::string request(std::string_view method, std::string_view target, std::string_view headers = {}) {
  return std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n";
}

// An evaluation with one more member.
inline std::string feature(std::string_view member) {
  return R"({"kind":"feature","creationDate":1700000000001,"key":"f","value":true,"context":{"kind":"user","key":"u"},)" +
         std::string(member) + "}";
}

}  // namespace sluice::intake
