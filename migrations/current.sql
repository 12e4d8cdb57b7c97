-- Functions whose arguments changed. Private ones: a call under way can end once in 42883 (docs/upgrading.md).
drop function if exists
  dpg_private.action_of_mirrored(dpg_private.mirrored_actions),
  dpg_private.check_ids_differ(dpg.items[]),
  dpg_private.check_undeclared_items(dpg.items[]),
  dpg_private.open_action(dpg.item_actions, jsonb),
  dpg_private.replace_items(text, dpg.items[], uuid[]);

-- Of the making of partitions, which locks nothing of the drop's. Private as well.
drop function if exists dpg_private.attach_partition(text, text, text, text[], text[]);
drop function if exists dpg_private.lock_of_users();
drop function if exists dpg_private.locks_of_tree(text);

-- Statements for one migration only go above this line; see README.md, "Develop".
--!include all.sql
