#include "launchdarkly/flag_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log.h"
#include "launchdarkly/flag_page.h"

namespace sluice::launchdarkly {
namespace {

constexpr int kMostTries = 5;  // of one page, when LaunchDarkly asks to wait

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string problem_of(const http_client::HttpResponse& response, std::string_view base_url, std::string_view project) {
  if (response.fault != http_client::TransportFault::none)
    return fmt::format("{} cannot be reached: {}. Check the network, proxy and launchdarkly.base_url.", base_url,
                       response.fault_text);
  switch (response.status) {
    case 401:
      return "LaunchDarkly does not know the access token. Make one with the role Reader (Organization settings, "
             "Authorization) and set it as launchdarkly.api_token.";
    case 403:
      return fmt::format("The access token may not read the flags of the project \"{}\". Give it the role Reader.",
                         project);
    case 404:
      return fmt::format(
          "LaunchDarkly has no project \"{}\", or it lacks an environment of that project. Set launchdarkly_key in "
          "[[project]] and the environments' keys to what they are called there.",
          project);
    case 429:
      return "LaunchDarkly asks to wait: the rate limit of the account is used up. It is tried again.";
    default:
      return fmt::format("LaunchDarkly answers {}. It is tried again.", response.status);
  }
}

}  // namespace

std::int64_t wait_before_next_ms(const http_client::HttpResponse& response, std::int64_t now_ms) {
  const bool used_up = response.status == 429 || response.header("x-ratelimit-route-remaining") == "0" ||
                       response.header("x-ratelimit-global-remaining") == "0";
  if (!used_up) return 0;
  std::int64_t wait = 1'000;
  if (const auto reset_ms = number_in(response.header("x-ratelimit-reset"))) wait = *reset_ms - now_ms;
  if (const auto retry_s = number_in(response.header("retry-after")); retry_s && *retry_s <= kMostWaitMs / 1'000)
    wait = std::max(wait, *retry_s * 1'000);
  return std::clamp<std::int64_t>(wait, 1'000, kMostWaitMs);
}

struct FlagReader::State {
  const FlagReaderSettings settings;
  http_client::HttpTransport& transport;
  const Clock& clock;
  const catalog::Catalog& catalog;
  flags::FlagRegistry& registry;

  mutable std::mutex mutex;
  std::condition_variable notifier;
  bool stopping = false;                             // guarded by mutex
  std::map<std::string, ProjectReading> by_project;  // guarded by mutex
  std::thread thread;

  // False when it is to stop.
  bool sleep(std::int64_t ms) {
    std::unique_lock lock(mutex);
    return !notifier.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping; });
  }

  http_client::HttpResponse get(const std::string& path) {
    http_client::HttpRequest request;
    request.method = "GET";
    request.url = settings.base_url + path;
    request.headers = {{"Authorization", settings.api_token}, {"LD-API-Version", "20240415"}};
    std::promise<http_client::HttpResponse> answered;
    std::future<http_client::HttpResponse> answer = answered.get_future();
    transport.send(std::move(request),
                   [&answered](http_client::HttpResponse response) { answered.set_value(std::move(response)); });
    return answer.get();
  }

  // The page, after waiting as long as LaunchDarkly asks; nothing when it is to stop.
  std::optional<http_client::HttpResponse> get_patiently(const std::string& path) {
    for (int tries = 1;; ++tries) {
      http_client::HttpResponse response = get(path);
      const std::int64_t wait_ms = wait_before_next_ms(response, clock.wall_ms());
      if (wait_ms > 0 && !sleep(wait_ms)) return std::nullopt;
      if (response.status != 429 || tries == kMostTries) return response;
    }
  }

  // All flags of a project; nothing when it is to stop.
  std::optional<Result<std::vector<flags::FlagDescription>>> read(const std::string& project,
                                                                  const std::vector<std::string>& environments) {
    std::vector<flags::FlagDescription> flags;
    for (std::string path = first_flag_page_path(project, environments); !path.empty();) {
      const auto response = get_patiently(path);
      if (!response) return std::nullopt;
      if (response->status != 200) return fail(problem_of(*response, settings.base_url, project));
      auto page = parse_flag_page(response->body);
      if (!page)
        return fail(fmt::format("{}: {}. Check launchdarkly.base_url.", settings.base_url, page.error().message));
      if (page->flags.empty()) break;
      std::move(page->flags.begin(), page->flags.end(), std::back_inserter(flags));
      if (flags.size() >= flags::kMaxFlags) break;
      path = std::move(page->next);
    }
    return flags;
  }

  void note(const std::string& project, const Result<std::vector<flags::FlagDescription>>& read) {
    const std::lock_guard lock(mutex);
    ProjectReading& reading = by_project[project];
    reading.project_key = project;
    const std::string before = std::exchange(reading.problem, read ? std::string() : read.error().message);
    if (read) {
      if (reading.read_ms == 0 || !before.empty())
        log_info("launchdarkly.flags_read", {{"project", project}, {"flags", read->size()}});
      reading.read_ms = clock.wall_ms();
      reading.flags = read->size();
    } else if (before != reading.problem) {
      log_warn("launchdarkly.flags_not_read", {{"project", project}, {"message", reading.problem}});
    }
  }

  // False when it is to stop.
  bool read_all() {
    const catalog::CatalogPointer snapshot = catalog.current();
    if (!snapshot) return true;
    for (const catalog::Project& project : snapshot->projects()) {
      std::vector<std::string> keys;
      std::vector<ObjectId> ids;
      for (const catalog::Environment& environment : snapshot->environments()) {
        if (environment.project_id != project.id) continue;
        keys.push_back(environment.key);
        ids.push_back(environment.id);
      }
      if (ids.empty()) continue;
      const auto flags = read(project.launchdarkly_key.empty() ? project.key : project.launchdarkly_key, keys);
      if (!flags) return false;
      if (*flags)
        for (const ObjectId id : ids) registry.describe(id, **flags);
      note(project.key, *flags);  // what is said to be read is there to be seen
    }
    return true;
  }

  void run() {
    while (read_all() && sleep(settings.refresh_ms)) {
    }
  }
};

FlagReader::FlagReader(FlagReaderSettings settings, http_client::HttpTransport& transport, const Clock& clock,
                       const catalog::Catalog& catalog, flags::FlagRegistry& registry)
    : state_(new State{std::move(settings), transport, clock, catalog, registry, {}, {}, false, {}, {}}) {
  state_->thread = std::thread([raw = state_.get()] { raw->run(); });
}

FlagReader::~FlagReader() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->notifier.notify_one();
  state_->thread.join();
}

std::vector<ProjectReading> FlagReader::readings() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ProjectReading> out;
  for (const auto& [key, reading] : state_->by_project) out.push_back(reading);
  return out;
}

}  // namespace sluice::launchdarkly
