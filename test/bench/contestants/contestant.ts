// What is measured, whoever does it.

export interface NewItem {
  item_network: string;
  item_domain: string;
  item_type: string;
  item_instance_url: string;
  item_schema_url: string;
  item_state: Record<string, unknown>;
  item_latitude: number;
  item_longitude: number;
}

export interface ItemKey {
  item_network: string;
  item_domain: string;
  item_type: string;
  item_id: string;
}

export interface ActionKey {
  partition_network: string;
  action_type: string;
  action_id: string;
}

export interface Contestant {
  name: string;
  /** Returns the id of the new item. */
  upsertItem(actor: string, item: NewItem): Promise<string>;
  /** Returns the id of the new action. */
  performAction(actor: string, actionType: string, source: ItemKey, target: ItemKey): Promise<string>;
  transitionAction(actor: string, action: ActionKey, status: string): Promise<void>;
  getItem(item: ItemKey): Promise<void>;
  end(): Promise<void>;
}

/** What they are, their hues and their order: all.ts. */
export const THIS = 'this project';
export const BARE = 'bare SQL';
export const SEED = "the seed's use";
export const POSTGIS = 'PostGIS';
export const POSTGIS_TABLES = 'PostGIS, ten tables';
export const COPY = 'COPY';
export const MESSAGE_DB = 'message-db';
export const MESSAGE_DB_WHOLE = 'message-db, whole events';
export const GRAPHILE_WORKER = 'graphile-worker';
/** Nobody's: what the way there and back costs alone. */
export const ROUND_TRIP = 'select 1';
