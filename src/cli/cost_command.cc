#include "cli/cost_command.h"

#include <cstdio>
#include <map>
#include <memory>
#include <utility>

#include "cli/terminal.h"
#include "cli/text_table.h"
#include "server/destination_kinds.h"

namespace sluice::cli {
namespace {

struct CostArguments {
  const destinations::CostCalculator* calculator = nullptr;
  std::map<std::string, std::string> texts;  // by their names in a query
  bool json = false;
};

int cost(const CostArguments& given) {
  const auto answer = given.calculator->answer(given.texts, destinations::CostNames::flags);
  if (!answer) {
    complain(answer.error().message);
    return 2;
  }
  if (given.json) {
    print_json(answer->dump() + "\n");
  } else {
    std::fputs(cost_text(given.calculator->table(*answer)).c_str(), stdout);
  }
  return 0;
}

const destinations::CostCalculator* cost_calculator() {
  for (const auto& kind : server::destination_kinds().all())
    if (kind->cost() != nullptr) return kind->cost();
  return nullptr;
}

}  // namespace

std::string cost_text(destinations::CostTable table) {
  return indented(table.head, 0) + "\n" + text_table(std::move(table.rows)) + "\n" + indented(table.foot, 0);
}

void add_cost_command(CLI::App& app, std::function<int()>& chosen) {
  const auto given = std::make_shared<CostArguments>();
  given->calculator = cost_calculator();
  if (given->calculator == nullptr) return;
  CLI::App* command = app.add_subcommand("cost", std::string(given->calculator->summary()));
  for (const destinations::CostField& field : given->calculator->fields())
    command->add_option(field.flag, given->texts[field.query], field.help)->type_name("VALUE");
  command->add_flag("--json", given->json, "As JSON, as the API answers");
  command->footer("\n" + std::string(given->calculator->examples()));
  command->callback([given, &chosen] { chosen = [given] { return cost(*given); }; });
}

}  // namespace sluice::cli
