"""The rules, Alertmanager's configuration and what `wattkeeper render` makes of them."""
