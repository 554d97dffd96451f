import { z } from 'zod';

/**
 * The schema by which readers read (`spec/events.md` §5 and §8): members that a later release adds are dropped at every
 * depth, and enumerations may have grown. Everything else is as strict as for the writer.
 */
export function tolerant(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject)
    return z.object(
      Object.fromEntries(Object.entries<z.core.$ZodType>(schema.shape).map(([key, member]) => [key, tolerant(member)])),
    );
  if (schema instanceof z.ZodArray) return z.array(tolerant(schema.element));
  if (schema instanceof z.ZodNullable) return tolerant(schema.unwrap()).nullable();
  if (schema instanceof z.ZodOptional) return tolerant(schema.unwrap()).optional();
  if (schema instanceof z.ZodEnum) return z.string().regex(/^[\w.:-]{1,64}$/);
  return schema as z.ZodType;
}
