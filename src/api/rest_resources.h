// The REST API's handlers: one file a resource (rest_projects.cc and so on).
#pragma once

#include "api/rest_call.h"
#include "api/rest_checks.h"
#include "api/rest_context.h"

namespace sluice::api {

RestJson project_json(const RestContext& context, const catalog::Managed<catalog::Project>& project,
                      bool with_environments);
RestJson environment_json(const catalog::Managed<catalog::Environment>& environment);
RestJson destination_json(const destinations::KindList& kinds,
                          const catalog::Managed<catalog::Destination>& destination);
// The destination of …/{project}/{environment}/{id}.
RestResult<catalog::Managed<catalog::Destination>> find_destination(const RestContext& context, const RestCall& call);
// What a POST of this body would make; nothing is made.
RestResult<catalog::Destination> drafted_destination(const RestContext& context, const RestCall& call);
// Of one environment's part in what POST /projects and POST …/environments bring.
RestResult<catalog::CatalogWrite> new_environment(const RestContext& context, const std::string& project_key,
                                                  const nlohmann::json& body);

RestOutcome list_projects(const RestContext& context, const RestCall& call);
RestOutcome make_project(const RestContext& context, const RestCall& call);
RestOutcome get_project(const RestContext& context, const RestCall& call);
RestOutcome patch_project(const RestContext& context, const RestCall& call);
RestOutcome delete_project(const RestContext& context, const RestCall& call);

RestOutcome list_environments(const RestContext& context, const RestCall& call);
RestOutcome make_environment(const RestContext& context, const RestCall& call);
RestOutcome get_environment(const RestContext& context, const RestCall& call);
RestOutcome patch_environment(const RestContext& context, const RestCall& call);
RestOutcome delete_environment(const RestContext& context, const RestCall& call);
RestOutcome reset_sdk_key(const RestContext& context, const RestCall& call);
RestOutcome reset_mobile_key(const RestContext& context, const RestCall& call);
RestOutcome flag_source_status(const ServerView& view, const RestCall& call);
RestOutcome list_sdks(const ServerView& view, const RestCall& call);
// Whether the addresses of an environment's flag source may be called; `fields` as the configuration file names them.
RestResult<void> check_flag_source(const RestContext& context, const nlohmann::json& fields);

RestOutcome list_destinations(const RestContext& context, const RestCall& call);
RestOutcome make_destination(const RestContext& context, const RestCall& call);
RestOutcome get_destination(const RestContext& context, const RestCall& call);
RestOutcome patch_destination(const RestContext& context, const RestCall& call);
RestOutcome delete_destination(const RestContext& context, const RestCall& call);
RestOutcome destination_status(const RestContext& context, const RestCall& call);
RestOutcome test_destination(const RestContext& context, const RestCall& call);
RestOutcome check_destination(const RestContext& context, const RestCall& call);
RestOutcome check_draft(const RestContext& context, const RestCall& call);
RestOutcome draft_policies(const RestContext& context, const RestCall& call);
RestOutcome destination_policies(const RestContext& context, const RestCall& call);
RestOutcome destination_history(const RestContext& context, const RestCall& call);
RestOutcome start_replay(const RestContext& context, const RestCall& call);
RestOutcome cancel_replay(const RestContext& context, const RestCall& call);
RestOutcome list_dead_letters(const RestContext& context, const RestCall& call);
RestOutcome retry_dead_letters(const RestContext& context, const RestCall& call);
RestOutcome dead_letter_file(const RestContext& context, const RestCall& call);
RestOutcome generate_trust_policy(const RestContext& context, const RestCall& call);

RestOutcome list_flags(const ServerView& view, const RestCall& call);
RestOutcome make_flag(const RestContext& context, const RestCall& call);
RestOutcome patch_flags(const RestContext& context, const RestCall& call);
RestOutcome get_flag(const ServerView& view, const RestCall& call);
RestOutcome patch_flag(const RestContext& context, const RestCall& call);

RestOutcome import_catalog(const RestContext& context, const RestCall& call);
RestOutcome export_catalog(const RestContext& context, const RestCall& call);
RestOutcome back_up_catalog(const RestContext& context, const RestCall& call);

RestOutcome server_status(const RestContext& context, const RestCall& call);
RestOutcome list_regions(const RestContext& context, const RestCall& call);
RestOutcome list_destination_kinds(const RestContext& context, const RestCall& call);
RestOutcome kind_cost(const RestContext& context, const RestCall& call);
RestOutcome data_export_usage(const RestContext& context, const RestCall& call);
RestOutcome list_events(const RestContext& context, const RestCall& call);

RestOutcome list_tokens(const RestContext& context, const RestCall& call);
RestOutcome make_token(const RestContext& context, const RestCall& call);
RestOutcome delete_token(const RestContext& context, const RestCall& call);
RestOutcome list_roles(const RestContext& context, const RestCall& call);
RestOutcome make_role(const RestContext& context, const RestCall& call);
RestOutcome get_role(const RestContext& context, const RestCall& call);
RestOutcome patch_role(const RestContext& context, const RestCall& call);
RestOutcome delete_role(const RestContext& context, const RestCall& call);
RestOutcome caller_identity(const RestContext& context, const RestCall& call);
RestOutcome list_audit(const RestContext& context, const RestCall& call);
RestOutcome get_audit_entry(const RestContext& context, const RestCall& call);

}  // namespace sluice::api
