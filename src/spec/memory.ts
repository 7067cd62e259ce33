/** What was found out about an adapter, kept from one visit to the next. Forgetful where storage is refused. */
export interface Memory {
  read(key: string): Promise<string | null>;
  write(key: string, value: string): Promise<void>;
}
