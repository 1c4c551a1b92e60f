#include "launchdarkly/flag_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/notifier.h"
#include "launchdarkly/flag_page.h"

namespace sluice::launchdarkly {
namespace {

constexpr int kMaxAttempts = 5;  // of one page, when LaunchDarkly limits the rate

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
      return "LaunchDarkly's rate limit for the account is used up. Sluice retries.";
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

namespace {

// What comes back from the transport's thread. Shared with it: an answer may come when nobody reads any more.
struct Mailbox {
  Notifier notifier;
  std::mutex mutex;
  std::optional<http_client::HttpResponse> answer;  // guarded by mutex

  void put(http_client::HttpResponse response) {
    {
      const std::lock_guard lock(mutex);
      answer = std::move(response);
    }
    notifier.notify();
  }
  std::optional<http_client::HttpResponse> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(answer, std::nullopt);
  }
};

// A project of the round: what it is called, and whom its flags are of.
struct ProjectToRead {
  std::string key, launchdarkly_key;
  std::vector<std::string> environment_keys;
  std::vector<ObjectId> environments;
};

std::deque<ProjectToRead> projects_of(const catalog::CatalogSnapshot& snapshot) {
  std::deque<ProjectToRead> out;
  for (const catalog::Project& project : snapshot.projects()) {
    ProjectToRead one{project.key, project.launchdarkly_key.empty() ? project.key : project.launchdarkly_key, {}, {}};
    for (const catalog::Environment& environment : snapshot.environments()) {
      if (environment.project_id != project.id) continue;
      one.environment_keys.push_back(environment.key);
      one.environments.push_back(environment.id);
    }
    if (!one.environments.empty()) out.push_back(std::move(one));
  }
  return out;
}

}  // namespace

struct FlagReader::State {
  State(FlagReaderSettings with, http_client::HttpTransport& over, const Clock& by, const catalog::Catalog& of,
        flags::FlagRegistry& into)
      : settings(std::move(with)), transport(over), clock(by), catalog(of), registry(into) {}

  const FlagReaderSettings settings;
  http_client::HttpTransport& transport;
  const Clock& clock;
  const catalog::Catalog& catalog;
  flags::FlagRegistry& registry;

  // Of the worker.
  std::deque<ProjectToRead> left;              // of this round; the first is being read
  std::string path;                            // of the next page; empty: the project's first
  std::vector<flags::FlagDescription> so_far;  // of the first of `left`
  int tries = 0;                               // of this page
  bool asked = false;                          // a request is under way
  std::int64_t not_before_us = 0;              // of the next request

  const std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::atomic<bool> stopping{false};
  std::unique_ptr<Worker> worker;

  mutable std::mutex mutex;
  std::map<std::string, ProjectReading> by_project;  // guarded by mutex

  // One request, or what its answer brings.
  std::int64_t step() {
    if (stopping) return kWorkerDone;
    if (asked) {
      const auto answer = mailbox->take();
      if (!answer) return kUntilNotified;
      asked = false;
      take(*answer);
    }
    if (const std::int64_t early_us = not_before_us - clock.steady_us(); early_us > 0) return early_us;
    if (left.empty()) begin_round();
    if (left.empty()) return pause(settings.refresh_ms);
    ask();
    return kUntilNotified;
  }

  std::int64_t pause(std::int64_t ms) {
    not_before_us = std::max(not_before_us, clock.steady_us() + ms * 1000);
    return std::max<std::int64_t>(not_before_us - clock.steady_us(), 0);
  }

  void begin_round() {
    if (const catalog::CatalogPointer snapshot = catalog.current()) left = projects_of(*snapshot);
  }

  void ask() {
    if (path.empty()) path = first_flag_page_path(left.front().launchdarkly_key, left.front().environment_keys);
    http_client::HttpRequest request;
    request.method = "GET";
    request.url = settings.base_url + path;
    request.headers = {{"Authorization", settings.api_token}, {"LD-API-Version", "20240415"}};
    asked = true;
    transport.send(std::move(request),
                   [to = mailbox](http_client::HttpResponse response) { to->put(std::move(response)); });
  }

  void take(const http_client::HttpResponse& response) {
    pause(wait_before_next_ms(response, clock.wall_ms()));
    if (response.status == 429 && ++tries < kMaxAttempts) return;
    tries = 0;
    if (response.status != 200)
      return finish_project(fail(problem_of(response, settings.base_url, left.front().launchdarkly_key)));
    auto page = parse_flag_page(response.body);
    if (!page)
      return finish_project(
          fail(fmt::format("{}: {}. Check launchdarkly.base_url.", settings.base_url, page.error().message)));
    const bool last = page->flags.empty() || page->next.empty();
    std::move(page->flags.begin(), page->flags.end(), std::back_inserter(so_far));
    if (last || so_far.size() >= flags::kMaxFlags) return finish_project(std::move(so_far));
    path = std::move(page->next);
  }

  void finish_project(const Result<std::vector<flags::FlagDescription>>& read) {
    if (read)
      for (const ObjectId id : left.front().environments) registry.describe(id, *read);
    note(left.front().key, read);  // what is said to be read is there to be seen
    left.pop_front();
    path.clear();
    so_far.clear();
    if (left.empty()) pause(settings.refresh_ms);
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
};

FlagReader::FlagReader(FlagReaderSettings settings, http_client::HttpTransport& transport, const Clock& clock,
                       const catalog::Catalog& catalog, flags::FlagRegistry& registry, Workers& workers)
    : state_(std::make_unique<State>(std::move(settings), transport, clock, catalog, registry)) {
  state_->worker =
      workers.start("flag-reader", state_->mailbox->notifier, [raw = state_.get()] { return raw->step(); });
}

FlagReader::~FlagReader() {
  state_->stopping = true;
  state_->mailbox->notifier.notify();
  state_->worker->join();
}

std::vector<ProjectReading> FlagReader::readings() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ProjectReading> out;
  for (const auto& [key, reading] : state_->by_project) out.push_back(reading);
  return out;
}

}  // namespace sluice::launchdarkly
