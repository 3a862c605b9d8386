// `liftmark token`: who may use the service.

#include <fmt/format.h>
#include <sys/stat.h>

#include <memory>

#include "apps/cli/commands.hpp"
#include "apps/service/tokens.hpp"

namespace liftmark::cli {

void add_token(Command& program) {
  auto* command = program.add_subcommand("token", "Tokens of the service: create, list, remove");
  command->require_subcommand();
  struct Arguments {
    std::string file;
    service::NewToken token;
  };
  auto arguments = std::make_shared<Arguments>();
  auto* create = command->add_subcommand("create", "Make a token and print it, once");
  create->add_option("file", arguments->file, "The token file; made with mode 0600")->required();
  create->add_option("name", arguments->token.name, "Who will use it")->required();
  create
      ->add_option("--scope", arguments->token.scopes,
                   "assign, record, read, admin or growthbook (repeatable)")
      ->required()
      ->delimiter(',')
      ->one_of({"assign", "record", "read", "admin", "growthbook"});
  create->add_option("--rate", arguments->token.rate, "Requests a second (default: the service's --rate)");
  create->callback([arguments] {
    ::umask(077);
    fmt::print("{}\n", service::create_token(arguments->file, arguments->token));
  });
  auto* list = command->add_subcommand("list", "Names and scopes");
  list->add_option("file", arguments->file, "The token file")->required();
  list->callback([arguments] { fmt::print("{}", service::list_tokens(arguments->file)); });
  auto* remove = command->add_subcommand("remove", "Take a token away");
  remove->add_option("file", arguments->file, "The token file")->required();
  remove->add_option("name", arguments->token.name, "Its name")->required();
  remove->callback([arguments] { service::remove_token(arguments->file, arguments->token.name); });
  command->footer(
      "Only a hash is kept: a lost token is replaced, not looked up. A running service takes changes on "
      "SIGHUP.\n\n"
      "Example:\n  liftmark token create tokens.ndjson shop --scope assign,record");
}

}  // namespace liftmark::cli
