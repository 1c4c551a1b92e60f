// What a destination could not take: listed, downloaded, tried again.
#include <fmt/format.h>

#include <algorithm>

#include "api/audit.h"
#include "api/rest_query.h"
#include "api/rest_resources.h"
#include "api/status.h"
#include "base/text.h"
#include "export/dead_letter_retry.h"

namespace sluice::api {
namespace {

constexpr std::uint64_t kDeadLettersPage = 50, kMostDeadLetters = 500;
// Read at most, from the end of the file: what a page shows is there.
constexpr std::uint64_t kDeadLetterTailBytes = 8u << 20;
// A download holds the whole file in memory.
constexpr std::uint64_t kMostDownloadBytes = 64u << 20;

struct LetterFile {
  std::string text;  // its end
  std::uint64_t bytes = 0;
};

std::string path_of(const RestContext& context, const catalog::Destination& destination) {
  return context.data_directory + "/dead-letters/" + destination.id.hex() + ".ndjson";
}

RestResult<LetterFile> read_letters(const RestContext& context, const catalog::Destination& destination,
                                    std::uint64_t at_most) {
  LetterFile letters;
  const auto file = context.files.open(path_of(context, destination), false);
  if (!file && file.error().fault == storage::FileFault::not_found) return letters;
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  if (!size)
    return refuse(503, "unavailable", fmt::format("The dead letters cannot be read: {}.", size.error().message));
  letters.bytes = *size;
  letters.text.resize(std::min(*size, at_most));
  const auto read = (*file)->read_at(*size - letters.text.size(), letters.text.data(), letters.text.size());
  if (!read)
    return refuse(503, "unavailable", fmt::format("The dead letters cannot be read: {}.", read.error().message));
  letters.text.resize(*read);
  return letters;
}

}  // namespace

RestOutcome list_dead_letters(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto limit = number_in_query(call, "limit", kDeadLettersPage, 1, kMostDeadLetters);
  if (!limit) return tl::unexpected(limit.error());
  const auto letters = read_letters(context, destination->value, kDeadLetterTailBytes);
  if (!letters) return tl::unexpected(letters.error());
  const auto status = context.exporter.status(destination->value.id);
  // For a file that is read to its beginning, its number of letters; for a longer one, the number ever written.
  const auto lines = static_cast<std::uint64_t>(std::count(letters->text.begin(), letters->text.end(), '\n'));
  const bool all = letters->bytes == letters->text.size() || !status;
  const std::uint64_t total = all ? lines : status->pipeline.balance.dead_lettered;
  RestJson items = RestJson::array();
  std::string_view rest = letters->text;
  while (!rest.empty() && items.size() < *limit) {
    rest.remove_suffix(rest.back() == '\n');
    const std::size_t begin = rest.rfind('\n') == std::string_view::npos ? 0 : rest.rfind('\n') + 1;
    RestJson letter = RestJson::parse(rest.substr(begin), nullptr, false);
    if (letter.is_object()) items.push_back(std::move(letter));
    rest = rest.substr(0, begin);
  }
  return RestAnswer{200, {{"totalCount", total}, {"bytes", letters->bytes}, {"items", std::move(items)}}};
}

RestOutcome dead_letter_file(const RestContext& context, const RestCall& call) {
  const auto destination = find_destination(context, call);
  if (!destination) return tl::unexpected(destination.error());
  const auto file = context.files.open(path_of(context, destination->value), false);
  const auto size = file ? (*file)->size() : tl::unexpected(file.error());
  if (size && *size > kMostDownloadBytes)
    return refuse(409, "conflict",
                  fmt::format("The file has {}; over HTTP the limit is {}. Copy it from the data directory: "
                              "dead-letters/{}.ndjson.",
                              human_bytes(*size), human_bytes(kMostDownloadBytes), call.path[2]));
  // Read on the worker: the admin loop has others to answer.
  RestAnswer answer{200, nullptr};
  answer.later = [&context, destination = destination->value](const std::atomic<bool>&) {
    RestAnswer read{200, nullptr};
    read.download.emplace();
    if (auto letters = read_letters(context, destination, kMostDownloadBytes)) read.download = std::move(letters->text);
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
