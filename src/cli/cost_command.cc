#include "cli/cost_command.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <map>
#include <memory>

#include "api/cost_answer.h"
#include "base/counted.h"
#include "base/text.h"
#include "cli/terminal.h"
#include "cli/text_table.h"

namespace sluice::cli {
namespace {

using nlohmann::ordered_json;

struct CostArguments {
  std::map<std::string, std::string> texts;  // by their names in a query
  bool json = false;
};

std::uint64_t whole(double number) { return static_cast<std::uint64_t>(std::round(number)); }

// $12.05, $9,871: cents are left out where they do not matter.
std::string dollars(double usd) { return usd < 100 ? fmt::format("${:.2f}", usd) : "$" + grouped(whole(usd)); }

int cost(const CostArguments& given) {
  const auto question = api::cost_question(given.texts, api::CostNames::flags);
  if (!question) {
    complain(question.error().message);
    return 2;
  }
  const ordered_json answer = api::cost_answer_json(*question);
  if (given.json) {
    print_json(answer.dump() + "\n");
  } else {
    std::fputs(cost_text(answer).c_str(), stdout);
  }
  return 0;
}

}  // namespace

std::string cost_text(const ordered_json& answer) {
  const double mean = answer.value("meanEventsPerSecond", 0.0), peak = answer.value("peakEventsPerSecond", 0.0);
  std::string text =
      indented(fmt::format("{} a month of {} B: mean {}/s, peak {}/s. Compressed {:.3g} times. Rule of thumb: {}.",
                           counted(whole(answer.value("eventsPerMonth", 0.0)), "event"),
                           grouped(whole(answer.value("bytesPerEvent", 0.0))), grouped(whole(mean)),
                           grouped(whole(peak)), answer.value("compressionRatio", 1.0),
                           counted(answer.value("shardsByRule", std::uint64_t{1}), "shard")),
               0);
  std::vector<std::vector<std::string>> rows = {
      {"ENCODING", "MODE", "EVENTS/RECORD", "SHARDS", "CAPACITY", "VOLUME", "A MONTH"}};
  for (const ordered_json& item : answer["items"]) {
    const bool provisioned = item["mode"] == "PROVISIONED";
    rows.push_back({item.value("encoding", ""), provisioned ? "provisioned" : "on-demand",
                    grouped(whole(item.value("eventsPerRecord", 1.0))),
                    provisioned ? grouped(item.value("shards", std::uint64_t{1})) : "-",
                    dollars(item.value("capacityPerMonthUsd", 0.0)), dollars(item.value("volumePerMonthUsd", 0.0)),
                    dollars(item.value("perMonthUsd", 0.0))});
  }
  text += "\n" + text_table(std::move(rows)) + "\n";
  text += indented(fmt::format("List prices of {} ({}); other regions differ. {}", answer.value("asOf", ""),
                               answer.value("source", ""), answer.value("note", "")),
                   0);
  return text;
}

void add_cost_command(CLI::App& app, std::function<int()>& chosen) {
  const auto given = std::make_shared<CostArguments>();
  CLI::App* command = app.add_subcommand("cost", "Compute what a Kinesis stream costs a month; needs no server");
  for (const api::CostField& field : api::kCostFields)
    command->add_option(field.flag, given->texts[field.query], field.help)->type_name("VALUE");
  command->add_flag("--json", given->json, "As JSON, as GET /api/v2/kinesis-cost answers");
  command->footer(
      "\nExamples:\n"
      "  sluice cost --events-per-month 1G --bytes-per-event 400\n"
      "  sluice cost --events-per-second 10k --encoding ndjson+zstd --mode on-demand\n\n"
      "Encodings: json, ndjson, ndjson+gzip, ndjson+zstd, kpl.\n"
      "docs/cost.md explains how it is computed.");
  command->callback([given, &chosen] { chosen = [given] { return cost(*given); }; });
}

}  // namespace sluice::cli
