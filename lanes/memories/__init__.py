"""Memory tables: pages of rows from a Supabase project in, records of the warehouse out."""
