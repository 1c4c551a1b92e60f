// What a stream costs a month, by encoding and capacity mode: a calculator; nothing of the server is in the answer.
#include "api/cost_answer.h"
#include "api/rest_resources.h"

namespace sluice::api {

RestOutcome kinesis_cost(const RestContext&, const RestCall& call) {
  std::map<std::string, std::string> texts;
  for (const CostField& field : kCostFields) texts[field.query] = call.query_one(field.query);
  const auto question = cost_question(texts, CostNames::query);
  if (!question) return invalid(question.error().message);
  return RestAnswer{200, cost_answer_json(*question)};
}

}  // namespace sluice::api
