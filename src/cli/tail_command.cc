#include "cli/tail_command.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "base/terminal_text.h"
#include "base/text.h"
#include "cli/rest_commands.h"
#include "cli/server_options.h"
#include "cli/terminal.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

constexpr std::chrono::milliseconds kPoll{500};

struct TailArguments {
  ServerOptions server;
  std::string project, environment, destination;
  bool json = false, once = false;
};

void show(const ordered_json& item, bool json) {
  if (json) {
    print_json(item["record"].dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
    return;
  }
  const bool cut = item["record"].is_null();  // too long for a list
  const ordered_json record = cut ? ordered_json::object() : item["record"];
  const ordered_json event = record.value("event", ordered_json::object());
  std::string line = fmt::format("{}  {:<12} {}", iso_time_ms(item.value("receivedAt", std::int64_t{0})),
                                 item.value("kind", ""), item["key"].is_string() ? item["key"].get<std::string>() : "");
  if (cut) line += fmt::format("  ({})", human_bytes(item.value("eventBytes", std::uint64_t{0})));
  if (event.contains("value"))
    line += " = " + event["value"].dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  if (event.contains("contextKeys"))
    line += "  " + event["contextKeys"].dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  std::puts(terminal_text(line, false).c_str());
}

int run(const TailArguments& given) {
  const auto server = server_of(given.server);
  if (!server) {
    complain(server.error().message);
    return 2;
  }
  std::string after;
  while (true) {
    std::string path =
        fmt::format("events/{}/{}?limit=500", percent_encoded(given.project), percent_encoded(given.environment));
    if (!after.empty()) path += "&after=" + after;
    if (!given.destination.empty()) path += "&destination=" + percent_encoded(given.destination);
    const auto reply = call_rest(*server, "GET", path, std::nullopt);
    if (!reply) {
      complain(reply.error().message);
      if (after.empty()) return kUnreachable;
      std::this_thread::sleep_for(kPoll);  // it comes back, and nothing is passed over
      continue;
    }
    if (reply->status != 200) {
      complain(reply->body.value("message", ""));
      return kRefused;
    }
    const ordered_json& items = reply->body["items"];
    for (const ordered_json& item : items) show(item, given.json);
    if (std::fflush(stdout) != 0) return 1;
    if (given.once) return 0;
    const std::string next = reply->body.value("next", "");
    if (next == after || items.empty()) std::this_thread::sleep_for(kPoll);
    after = next;
  }
}

}  // namespace

void add_tail_command(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* tail = app.add_subcommand("tail", "Follow the events of an environment as they come");
  const auto given = std::make_shared<TailArguments>();
  tail->add_option("PROJECT", given->project)->required()->type_name("");
  tail->add_option("ENVIRONMENT", given->environment)->required()->type_name("");
  tail->add_option("--destination", given->destination, "Only events that this destination delivered, as its records")
      ->type_name("ID");
  add_server_options(*tail, given->server);
  tail->add_flag("--json", given->json, "Print the records as JSON, one per line");
  tail->add_flag("--once", given->once, "Print the latest events and exit");
  tail->callback([given, &chosen] { chosen = [given] { return run(*given); }; });
}

}  // namespace sluice::cli
