// What a destination could not take: listed, downloaded, tried again.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "api/audit.h"
#include "api/newest_letters.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "base/text.h"
#include "export/dead_letter_retry.h"

namespace sluice::api {
namespace {

constexpr std::uint64_t kDeadLettersPage = 50, kMostDeadLetters = 500;
// A download holds the whole of the files in memory.
constexpr std::uint64_t kMostDownloadBytes = 64u << 20;

std::string path_of(const RestContext& context, const catalog::Destination& destination) {
  return context.data_directory + "/dead-letters/" + destination.id.hex() + ".ndjson";
}

// The file's end. An error: why it cannot be read.
tl::expected<std::string, std::string> read_letters(const RestContext& context, const std::string& path,
                                                    std::uint64_t at_most) {
  std::string text;
  const auto file = context.files.open(path, false);
  if (!file && file.error().fault == storage::FileFault::not_found) return text;
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  if (!size) return tl::unexpected(size.error().message);
  text.resize(std::min(*size, at_most));
  const auto read = (*file)->read_at(*size - text.size(), text.data(), text.size());
  if (!read) return tl::unexpected(read.error().message);
  text.resize(*read);
  return text;
}

std::string time_of(const RestJson& letter) {
  const auto time = letter.find("time");
  return time != letter.end() && time->is_string() ? time->get<std::string>() : std::string();
}

RestAnswer unreadable(const std::string& why) {
  return {503, {{"code", "unavailable"}, {"message", fmt::format("The dead letters cannot be read: {}.", why)}}};
}

RestAnswer newest_of(const RestContext& context, ObjectId id, const std::vector<std::string>& paths,
                     std::uint64_t at_most) {
  std::uint64_t bytes = 0, lines = 0;
  bool all = true;
  std::vector<RestJson> newest;
  std::uint64_t room = kShownLettersBytes;
  for (const std::string& path : paths) {
    auto letters = newest_letters(context.files, path, at_most, room);
    if (!letters) return unreadable(letters.error().message);
    bytes += letters->bytes;
    lines += letters->lines;
    all = all && letters->whole;
    std::move(letters->letters.begin(), letters->letters.end(), std::back_inserter(newest));
  }
  // For files that are read to their beginning, their number of letters; for longer ones, the number ever written.
  const auto status = context.exporter.status(id);
  const std::uint64_t total = all || !status ? lines : status->pipeline.balance.dead_lettered;
  std::stable_sort(newest.begin(), newest.end(),
                   [](const RestJson& a, const RestJson& b) { return time_of(a) > time_of(b); });
  if (newest.size() > at_most) newest.resize(at_most);
  return RestAnswer{200, {{"totalCount", total}, {"bytes", bytes}, {"items", RestJson(std::move(newest))}}};
}

}  // namespace

RestOutcome list_dead_letters(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto limit = number_in_query(call, "limit", kDeadLettersPage, 1, kMostDeadLetters);
  if (!limit) return tl::unexpected(limit.error());
  // Read on the worker: the admin loop has others to answer.
  RestAnswer answer{200, nullptr};
  answer.later = [&context, at_most = *limit, id = destination->value.id,
                  paths = exporting::dead_letter_paths(path_of(context, destination->value))](
                     const std::atomic<bool>&) -> RestAnswer { return newest_of(context, id, paths, at_most); };
  return answer;
}

RestOutcome dead_letter_file(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  std::uint64_t bytes = 0;
  const std::vector<std::string> paths = exporting::dead_letter_paths(path_of(context, destination->value));
  for (const std::string& path : paths)
    if (const auto file = context.files.open(path, false))
      if (const auto size = (*file)->size()) bytes += *size;
  if (bytes > kMostDownloadBytes)
    return refuse(409, "conflict",
                  fmt::format("The files have {}; over HTTP the limit is {}. Copy them from the data directory: "
                              "dead-letters/{}*.ndjson.",
                              human_bytes_beside(bytes, kMostDownloadBytes),
                              human_bytes_beside(kMostDownloadBytes, bytes), call.path[2]));
  // Read on the worker: the admin loop has others to answer.
  RestAnswer answer{200, nullptr};
  answer.later = [&context, paths](const std::atomic<bool>&) {
    RestAnswer read{200, nullptr};
    std::string all;
    for (const std::string& path : paths)
      if (all.size() < kMostDownloadBytes) {
        const auto letters = read_letters(context, path, kMostDownloadBytes - all.size());
        if (!letters) return unreadable(letters.error());
        all += *letters;
      }
    read.download = std::move(all);
    return read;
  };
  return answer;
}

RestOutcome retry_dead_letters(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  if (!destination->value.on)
    return refuse(409, "conflict", "The destination is off. Switch it on first: a retry uses the same connection.");
  const auto noted = context.store.commit(
      {}, audit_entry(context.clock.wall_ms(), call.caller, "retryDeadLetters",
                      fmt::format("proj/{}:env/{}:destination/{}", call.path[0], call.path[1], call.path[2]),
                      fmt::format("retried the dead letters of the destination \"{}\"", destination->value.name)));
  if (!noted) return refused(noted.error());
  RestAnswer answer{200, nullptr};
  answer.later = [&context, id = destination->value.id](const std::atomic<bool>& stopping) {
    const auto done = context.exporter.retry_dead_letters(id, stopping);
    if (!done)
      return RestAnswer{200,
                        {{"retried", 0},
                         {"delivered", 0},
                         {"kept", 0},
                         {"left", true},
                         {"problem", {{"code", "not_retried"}, {"message", done.error().message}}}}};
    RestJson body = {{"retried", done->delivered + done->kept},
                     {"delivered", done->delivered},
                     {"kept", done->kept},
                     {"left", done->left}};
    if (done->left && done->problem)
      body["problem"] = {
          {"code", done->problem->code}, {"message", done->problem->message}, {"remedy", done->problem->remedy}};
    return RestAnswer{200, std::move(body)};
  };
  return answer;
}

}  // namespace sluice::api
