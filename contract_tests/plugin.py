"""Keep `-p contract_tests.plugin` working: the plugin is `contract_tests.runner.hooks`."""

pytest_plugins = ["contract_tests.runner.hooks"]
