// What a kind of destination costs a month: a calculator; nothing of the server is in the answer.
#include <fmt/format.h>

#include "api/rest_resources.h"

namespace sluice::api {

RestOutcome kind_cost(const RestContext& context, const RestCall& call) {
  const destinations::DestinationKind* kind = context.kinds.find(call.path[0]);
  const destinations::CostCalculator* calculator = kind == nullptr ? nullptr : kind->cost();
  if (calculator == nullptr) return not_found(fmt::format("There is no calculator of costs for \"{}\".", call.path[0]));
  std::map<std::string, std::string> texts;
  for (const destinations::CostField& field : calculator->fields()) texts[field.query] = call.query_one(field.query);
  auto answer = calculator->answer(texts, destinations::CostNames::query);
  if (!answer) return invalid(answer.error().message);
  return RestAnswer{200, std::move(*answer)};
}

}  // namespace sluice::api
